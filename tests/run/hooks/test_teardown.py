"""A run handles signals while there is something to clean up, and passes them on to workers."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from pytest_djworkers.run.hooks.teardown import TeardownPlugin
from pytest_djworkers.system.interrupts import Interrupts
from tests.support.site import GENTLE, PYTEST, Site

TELLS = """
import signal

def tell(when):
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        with open("handlers", "a") as file:
            file.write(f"{when} {number.name} {getattr(handler, '__qualname__', handler)}\\n")
"""
TESTS = f"""{TELLS}
def test_plain():
    tell("plain")

def test_burst(djworkers_backend, _djworkers_server):
    tell("burst")
"""
# pytest runs inside this process, so that the handlers after the run can be seen.
MAIN = f"""{TELLS}
import pytest
pytest.main()
tell("after")
"""


def handlers(site: Site, *flags: str, before: str = "") -> list[str]:
    """Return the handlers of signals in a plain test, in a load test, and after the run."""
    site.test(TESTS)
    main = site.write("main.py", before + MAIN.replace("main()", f"main({[*PYTEST[3:], *flags]})"))
    subprocess.run([sys.executable, main], cwd=site.folder, check=True, capture_output=True)
    return (site.folder / "handlers").read_text().splitlines()


UNTOUCHED = ["SIGINT default_int_handler", "SIGTERM 0"]
OURS = ["SIGINT Interrupts._handle", "SIGTERM Interrupts._handle"]


def test_ctrl_c_is_handled_during_load_tests_and_sigterm_during_the_run(site: Site) -> None:
    assert handlers(site, "--djworkers=granian") == [
        *("plain SIGINT default_int_handler", "plain SIGTERM Interrupts._handle"),
        *(f"burst {line}" for line in OURS),
        *(f"after {line}" for line in UNTOUCHED),
    ]


def test_without_backends_no_signal_is_handled(site: Site) -> None:
    assert handlers(site) == [
        *(f"plain {line}" for line in UNTOUCHED),
        *(f"after {line}" for line in UNTOUCHED),
    ]


def test_an_existing_handler_of_sigterm_stays(site: Site) -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    said = handlers(site, "--djworkers=granian", before=ignoring)
    assert [line for line in said if "SIGTERM" in line] == [
        "plain SIGTERM 1",
        "burst SIGTERM 1",
        "after SIGTERM 1",
    ]


def test_each_of_two_tests_can_be_interrupted(site: Site) -> None:
    site.test(
        """
import os, signal

@pytest.mark.parametrize("number", [1, 2])
def test_that_interrupts_itself(_djworkers_server, number):
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
"""
    )
    site.pytest("--djworkers=granian").assert_outcomes(passed=2)


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process in the place of a pytest-xdist worker."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def node(pid: int, *, is_local: bool = True) -> SimpleNamespace:
    """Return a worker's node as pytest-xdist passes it to hooks."""
    gateway = SimpleNamespace(
        id="gw0", spec=SimpleNamespace(popen=is_local), _rinfo=lambda: SimpleNamespace(pid=pid)
    )
    return SimpleNamespace(gateway=gateway)


@pytest.fixture
def teardown_plugin() -> Iterator[TeardownPlugin]:
    """The plugin in a controller."""
    interrupts = Interrupts()
    yield TeardownPlugin(interrupts)
    interrupts.end()


def test_ctrl_c_in_the_controller_is_passed_on_to_its_workers(
    teardown_plugin: TeardownPlugin, worker: subprocess.Popen[bytes]
) -> None:
    teardown_plugin.pytest_testnodeready(node(worker.pid))
    teardown_plugin.pytest_keyboard_interrupt()
    assert worker.wait(15) == -signal.SIGINT
    # The worker is gone by now; that must not raise.
    teardown_plugin.pytest_keyboard_interrupt()


def test_a_worker_elsewhere_or_gone_is_not_interrupted(
    teardown_plugin: TeardownPlugin, worker: subprocess.Popen[bytes]
) -> None:
    teardown_plugin.pytest_testnodeready(node(worker.pid, is_local=False))
    teardown_plugin.pytest_keyboard_interrupt()
    teardown_plugin.pytest_testnodeready(node(worker.pid))
    teardown_plugin.pytest_testnodedown(node(worker.pid))
    teardown_plugin.pytest_keyboard_interrupt()
    worker.terminate()
    assert worker.wait(15) == -signal.SIGTERM


def test_ctrl_c_prints_the_finished_bursts_and_leaves_no_process(site: Site) -> None:
    site.test(
        """
def test_first(burst):
    burst("/json")

def test_long(burst):
    burst("/facts", name="long", duration="1m")
"""
    )
    # The long burst names its own duration, which a flag would override.
    flags = [flag for flag in GENTLE if "duration" not in flag]
    run = site.start("--djworkers=gunicorn-gevent", *flags, "-o", "djworkers_duration=300ms", "-v")
    assert run.stdout is not None
    seen = ""
    while "PASSED" not in seen:
        seen += (line := run.stdout.readline())
        assert line, f"it ended too early:\n{seen}"
    family = in_mid_burst(run)
    run.send_signal(signal.SIGINT)
    rest, _ = run.communicate(timeout=30)
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "GET /json  (test_first)" in rest
    assert "KeyboardInterrupt" in rest
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def in_mid_burst(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """Wait until an agent fires, and return all processes below pytest."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        family = psutil.Process(run.pid).children(recursive=True)
        lines = [" ".join(one.cmdline()) for one in family if one.is_running()]
        if any("pytest_djworkers.load.agent" in line for line in lines):
            return family
        time.sleep(0.02)
    raise AssertionError("no agent was started")
