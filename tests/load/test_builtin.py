"""The built-in generator with real agents: their results, and the ways in which they fail."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load import agent_group as module
from pytest_djworkers.load import agent_process
from pytest_djworkers.load.agent_group import AgentGroup, _split, local_agents
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.system.process import GuardedProcess
from tests.support.fault_server import (
    LOCAL,
    Peer,
    always,
    answer,
    eventually,
    hangs,
    refusing,
    serve,
)
from tests.support.firing import sent
from tests.support.profiles import make_profile

OK = answer()
NOWHERE = (LOCAL, 9)


@given(st.integers(1, 3000), st.integers(1, 64))
def test_connections_are_split_evenly_and_none_is_dropped(connections: int, agents: int) -> None:
    shares = _split(connections, min(agents, connections))
    assert sum(shares) == connections
    assert len(shares) == min(agents, connections)
    assert min(shares) >= max(1, max(shares) - 1)


# Real agents.


@pytest.mark.parametrize("agents", [1, 2])
def test_a_burst(agents: int, tmp_path: Path) -> None:
    profile = make_profile(connections=5, duration_s=0.5, warmup_s=0.3)
    with serve(always(OK)) as server:
        result = AsyncioGenerator(agents).fire(profile, Target(server.address, tmp_path))
        assert eventually(lambda: len(server.requests) == result.sent)
        assert server.connections == 5
    assert result.ok
    assert result.outside
    assert result.errors == result.timeouts == 0
    assert result.statuses == {200: result.ok}
    assert result.series is not None
    assert sum(result.series.requests) == result.ok
    assert len(result.series.requests) == 5
    assert result.latency is not None
    assert result.latency.count == result.ok
    found = result.connections
    assert (found.opened, found.served, found.never_served) == (5, 5, 0)
    assert (result.generator.name, result.generator.agents) == ("asyncio", agents)
    assert 0 < result.generator.cpu_share < 2
    assert result.window_s == 0.5


def test_a_burst_at_a_closed_port_is_all_errors(tmp_path: Path) -> None:
    with refusing() as address:
        result = AsyncioGenerator(2).fire(make_profile(), Target(address, tmp_path))
    assert result.error_kinds.keys() == {"refused"}
    assert result.rps == 0
    assert result.connections.never_served == result.connections.requested


def test_more_agents_than_connections_are_not_started(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        result = AsyncioGenerator(3).fire(
            make_profile(connections=1), Target(server.address, tmp_path)
        )
    assert result.generator.agents == 1


def test_agents_fire_again_and_again_on_the_same_connections(tmp_path: Path) -> None:
    profile = make_profile(connections=5, duration_s=9, warmup_s=0.01)
    early_close = EarlyClose(after_s=0.1, responses=20)
    with serve(always(OK)) as server:
        target = Target(server.address, tmp_path)
        with AgentGroup(local_agents(2), target) as agents:
            agents.open(profile, target, drain_s=1.0, early_close=early_close)
            reports = [report for _ in range(3) for report in agents.fire()]
        assert server.connections == 5
    assert eventually(lambda: len(server.requests) == sum(map(sent, reports)))
    for report in reports:
        assert report.counts.ok >= 20
        assert 0.1 <= report.window_s < 5
        assert not report.counts.in_flight + report.counts.unanswered


def test_no_request_is_given_up_that_is_younger_than_the_timeout(tmp_path: Path) -> None:
    profile = make_profile(connections=3, duration_s=0.05, timeout_s=9)
    with serve(always(OK, after_s=0.4)) as server:
        target = Target(server.address, tmp_path)
        with AgentGroup(local_agents(1), target) as agents:
            agents.open(profile, target, drain_s=0.1)
            (report,) = agents.fire()
    assert (report.counts.ok, report.counts.after_window, report.counts.unanswered) == (3, 3, 0)


def test_a_warm_up_reaches_each_worker_and_leaves_no_work_behind(tmp_path: Path) -> None:
    at_work = 0

    async def slow(peer: Peer) -> None:
        nonlocal at_work
        while True:
            await peer.request()
            at_work += 1
            await peer.pause(0.2)
            at_work -= 1
            await peer.send(OK)

    profile = make_profile(connections=100, warmup_s=0.1)
    with serve(slow) as server:
        AsyncioGenerator().warm_up(profile, Target(server.address, tmp_path, workers=3))
        assert at_work == 0
        assert server.connections == 3
        assert len(server.requests) >= 3


def test_a_warm_up_without_responses_is_an_error(tmp_path: Path) -> None:
    with serve(hangs) as server, pytest.raises(GeneratorError) as raised:
        AsyncioGenerator().warm_up(
            make_profile(warmup_s=0.1),
            Target(server.address, tmp_path, workers=2, startup_timeout_s=0.2),
        )
    assert str(raised.value) == (
        "burst: 2 of the warm-up's requests had no response within 0.2s"
        " (--djworkers-startup-timeout)"
    )


# What goes wrong with agents.


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[GuardedProcess]:
    """The agents in the order in which they are started."""
    every: list[GuardedProcess] = []

    def start(*arguments: Any, **options: Any) -> GuardedProcess:
        every.append(GuardedProcess(*arguments, **options))
        return every[-1]

    monkeypatch.setattr(agent_process, "GuardedProcess", start)
    return every


def is_gone(pid: int | None) -> bool:
    """Return True if there is no such process any more."""
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_an_agent_killed_in_mid_burst_is_an_error_that_names_it(
    started: list[GuardedProcess], tmp_path: Path
) -> None:
    profile = make_profile(connections=4, duration_s=3)
    with serve(always(OK)) as server, ThreadPoolExecutor(1) as pool:
        burst = pool.submit(AsyncioGenerator(2).fire, profile, Target(server.address, tmp_path))
        assert eventually(lambda: len(server.requests) > 100)
        pids = [process.pid for process in started]
        assert pids[1] is not None
        os.kill(pids[1], signal.SIGKILL)
        with pytest.raises(GeneratorError) as raised:
            burst.result(timeout=30)
    assert str(raised.value).startswith(
        "load agent 2 of 2 ended in the middle of the burst (exit status -9)"
    )
    assert eventually(lambda: all(map(is_gone, pids)))


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Run this Python code instead of an agent."""
    file = folder / "agent"
    file.write_text(f"#!{sys.executable}\n{code}\n")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(file))


def failure_of_a_burst(folder: Path) -> str:
    """Return the message of the error of a burst at a port where nobody listens."""
    with pytest.raises(GeneratorError) as raised:
        AsyncioGenerator().fire(make_profile(), Target(NOWHERE, folder))
    return str(raised.value)


def test_an_agent_that_cannot_start_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    said = failure_of_a_burst(tmp_path)
    assert said.startswith("load agent 1 of 1 ended ")
    assert "(exit status 127)" in said
    assert "no-python: No such file or directory" in said


def test_an_agent_that_fails_is_an_error_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys; sys.stdin.readline(); sys.exit('some last words')"
    pretend(tmp_path, monkeypatch, code)
    said = failure_of_a_burst(tmp_path)
    assert "load agent 1 of 1 ended while it opened its connections (exit status 1)" in said
    assert "some last words" in said


def test_an_agent_that_closes_its_standard_input_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, "import sys; sys.stdin.close(); sys.exit('no thanks')")
    # Longer than what a pipe takes.
    profile = make_profile(SentRequest("/", "POST", body=b"x" * 1_000_000))
    with pytest.raises(GeneratorError, match="ended before it could be given its job") as raised:
        AsyncioGenerator().fire(profile, Target(NOWHERE, tmp_path))
    assert "no thanks" in str(raised.value)


def test_an_agent_that_does_not_read_its_job_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[GuardedProcess]
) -> None:
    pretend(tmp_path, monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(agent_process, "JOB_READ_WITHIN_S", 0.1)
    profile = make_profile(SentRequest("/", "POST", body=b"x" * 1_000_000))
    with pytest.raises(GeneratorError) as raised:
        AsyncioGenerator().fire(profile, Target(NOWHERE, tmp_path))
    assert str(raised.value) == "load agent 1 of 1 did not read its job within 0.1s"


def test_an_agent_that_does_not_respond_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[GuardedProcess]
) -> None:
    pretend(tmp_path, monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(module, "_OPEN_WITHIN_S", 0.1)
    assert failure_of_a_burst(tmp_path) == "load agent 1 of 1 did not respond within 0.1s"


def test_an_agent_that_ends_its_report_never_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A line may come in parts, and the last part of this one never does.
    parts = ('{"opened', '": 4}\n{"so_far')
    print_it = "print(part, end='', flush=True); time.sleep(0.3)"
    code = f"import time\nfor part in {parts}:\n    {print_it}"
    pretend(tmp_path, monkeypatch, f"{code}\ntime.sleep(60)")
    monkeypatch.setattr(module, "_REPORT_WITHIN_S", 0.5)
    # The window of 0.2 s is waited for, too.
    assert failure_of_a_burst(tmp_path) == "load agent 1 of 1 did not respond within 0.7s"


def test_an_exception_in_an_agent_fails_the_burst(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import runpy
from pytest_djworkers.load.responses import Responses
def _received(*_):
    raise ZeroDivisionError("a mistake of our own")
Responses.received = _received
runpy.run_module("pytest_djworkers.load.agent", run_name="__main__")
"""
    pretend(tmp_path, monkeypatch, code)
    with serve(always(OK)) as server, pytest.raises(GeneratorError, match="a mistake of our own"):
        AsyncioGenerator().fire(make_profile(), Target(server.address, tmp_path))


def test_too_few_file_descriptors_are_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    profile = make_profile(SentRequest("/"), connections=2000)
    with pytest.raises(GeneratorError) as raised:
        AsyncioGenerator().fire(profile, Target(NOWHERE, tmp_path))
    assert str(raised.value) == (
        "burst: 2000 connections need 2064 file descriptors and the hard limit is 1024:"
        " raise it (ulimit -Hn 2064) or ask for fewer connections"
    )
    assert AsyncioGenerator(3).cannot(profile) is None


WITHOUT_PORTS = """
import sys
from pathlib import Path
from tests.support.fault_server import always, answer, serve
from tests.support.profiles import make_profile
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target

Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40019")
with serve(always(answer()), ("127.0.0.1", 39000)) as server:
    profile = make_profile(connections=30, duration_s=0.5)
    result = AsyncioGenerator(2).fire(profile, Target(server.address, Path(sys.argv[1])))
assert result.ok, result
assert result.error_kinds.keys() == {"no free port"}, result.error_kinds
assert result.connections.opened < 30, result.connections
assert any(remark.startswith("opened ") for remark in result.remarks), result.remarks
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="there is no unshare")
def test_no_free_ports_are_errors_of_that_name_and_a_remark(tmp_path: Path) -> None:
    command = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up && exec "$@"']
    done = subprocess.run(
        [*command, "sh", sys.executable, "-c", WITHOUT_PORTS, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "unshare failed" in done.stderr:
        pytest.skip(f"no namespaces here: {done.stderr}")
    assert done.returncode == 0, done.stderr


def test_without_a_limit_there_are_descriptors_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    assert AsyncioGenerator().cannot(make_profile(connections=10**9)) is None


def test_the_generators_version_is_that_of_its_interpreter() -> None:
    assert AsyncioGenerator().version == f"Python {platform.python_version()}"
