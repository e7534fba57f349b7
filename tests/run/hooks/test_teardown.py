"""Whose signals a run takes, and who hears of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from pytest_djworkers.run.hooks.teardown import TeardownPlugin
from pytest_djworkers.system.interrupts import Interrupts
from tests.support.site import PYTEST, Site

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
MAIN = f"""{TELLS}
import pytest
pytest.main()
tell("after")
"""


def handlers(site: Site, *flags: str, before: str = "") -> list[str]:
    """Who handles which signal in two tests, and after the run."""
    site.test(TESTS)
    main = site.write("main.py", before + MAIN.replace("main()", f"main({[*PYTEST[3:], *flags]})"))
    subprocess.run([sys.executable, main], cwd=site.folder, check=True, capture_output=True)
    return (site.folder / "handlers").read_text().splitlines()


UNTOUCHED = ["SIGINT default_int_handler", "SIGTERM 0"]
OURS = ["SIGINT Interrupts._handle", "SIGTERM Interrupts._handle"]


def test_signals_are_taken_for_as_long_as_there_is_something_to_clean_up(site: Site) -> None:
    assert handlers(site, "--djworkers=granian") == [
        *("plain SIGINT default_int_handler", "plain SIGTERM Interrupts._handle"),
        *(f"burst {line}" for line in OURS),
        *(f"after {line}" for line in UNTOUCHED),
    ]


def test_without_backends_no_signal_is_taken(site: Site) -> None:
    assert handlers(site) == [
        *(f"plain {line}" for line in UNTOUCHED),
        *(f"after {line}" for line in UNTOUCHED),
    ]


def test_a_signal_that_somebody_handles_is_left_to_them(site: Site) -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    said = handlers(site, "--djworkers=granian", before=ignoring)
    assert [line for line in said if "SIGTERM" in line] == [
        "plain SIGTERM 1",
        "burst SIGTERM 1",
        "after SIGTERM 1",
    ]


def test_each_test_may_have_a_signal_of_its_own(site: Site) -> None:
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
    """What could be a worker of pytest-xdist."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def node(pid: int, *, is_local: bool = True) -> SimpleNamespace:
    """The worker as pytest-xdist's hooks are given it."""
    gateway = SimpleNamespace(
        id="gw0", spec=SimpleNamespace(popen=is_local), _rinfo=lambda: SimpleNamespace(pid=pid)
    )
    return SimpleNamespace(gateway=gateway)


@pytest.fixture
def ending() -> Iterator[TeardownPlugin]:
    """The plugin, in a controller."""
    interrupts = Interrupts()
    yield TeardownPlugin(interrupts)
    interrupts.end()


def test_what_interrupts_the_controller_interrupts_its_workers(
    ending: TeardownPlugin, worker: subprocess.Popen[bytes]
) -> None:
    ending.pytest_testnodeready(node(worker.pid))
    ending.pytest_keyboard_interrupt()
    assert worker.wait(15) == -signal.SIGINT
    # It is there no more, and not missed.
    ending.pytest_keyboard_interrupt()


def test_who_is_no_worker_of_ours_is_not_interrupted(
    ending: TeardownPlugin, worker: subprocess.Popen[bytes]
) -> None:
    ending.pytest_testnodeready(node(worker.pid, is_local=False))
    ending.pytest_keyboard_interrupt()
    ending.pytest_testnodeready(node(worker.pid))
    ending.pytest_testnodedown(node(worker.pid))
    ending.pytest_keyboard_interrupt()
    worker.terminate()
    assert worker.wait(15) == -signal.SIGTERM
