"""The windows in which a launch is sampled, with a server that is made up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_djworkers.compare import sampled_launch as module
from pytest_djworkers.compare.arm_server import ArmServer, Fired
from pytest_djworkers.compare.numbers import ExplanationNumbers
from pytest_djworkers.compare.sampled_launch import sample_cpu, sample_waiting
from pytest_djworkers.entry.stack_sampling import RequestStack, SampledRequests, StackSampling
from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.profiling.code_folders import CodeFolders
from pytest_djworkers.profiling.launch_stacks import LaunchStacks, Load
from pytest_djworkers.profiling.py_spy import SamplerError
from pytest_djworkers.profiling.stacks import Frame, StackSamples
from pytest_djworkers.profiling.waits import Wait
from tests.support.profiles import make_report

FOLDERS = CodeFolders(("/site",))
NUMBERS = ExplanationNumbers(cpu_s=3.0, waiting_s=1.5, responses=8)
VIEW = ("view", "/site/views.py", 5)
ASLEEP = SampledRequests(10, (VIEW,), (RequestStack("sleep", "sleep(1)", 20, (0,)),))


@dataclass
class Clock:
    """A clock that goes on when somebody sleeps, and when a test says so."""

    now_s: float = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Go on."""
        self.now_s += seconds


@dataclass
class FakeServer:
    """A server that responds to 100 requests in 2 s, with 0.5 s of CPU time."""

    folder: Path
    stacks: StackSampling
    workers: frozenset[int] = frozenset({7, 8})
    tells: tuple[int, ...] = (7, 8)
    fails: bool = False
    takes_s: float = 0.0
    """The seconds by which the clock goes on until the last response is there."""
    clock: Clock = field(default_factory=Clock)
    closes: list[EarlyClose | None] = field(default_factory=list)
    was_open: list[bool] = field(default_factory=list)

    def fire(self, early_close: EarlyClose | None = None) -> Fired:
        """Respond to requests, and tell of those in flight."""
        self.closes.append(early_close)
        self.was_open.append(self.stacks.is_open)
        self.clock.now_s += self.takes_s
        if self.fails:
            raise GeneratorError("the agent ended")
        if self.stacks.is_open:
            for pid in self.tells:
                self.stacks.write(pid, ASLEEP)
        return Fired(make_report(ok=90, late=10, window_s=2.0), 0.5, None, lost_worker=False)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    made = FakeServer(tmp_path, StackSampling.begin(tmp_path, os.getpid()))
    monkeypatch.setattr(module, "CLOCK", made.clock)
    return made


class FakeRecording:
    """A recording of one stack, seen 40 times."""

    def finish(self) -> StackSamples:
        """Return the samples."""
        return StackSamples({(Frame(*VIEW),): 40}, {})


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[int], Path]]:
    """The processes and the folders of the recordings."""
    found = []

    @contextmanager
    def recording(pids: Sequence[int], folder: Path) -> Iterator[FakeRecording]:
        found.append((pids, folder))
        yield FakeRecording()

    monkeypatch.setattr(module, "recording", recording)
    return found


def arm(server: FakeServer) -> ArmServer:
    return cast("ArmServer", server)


def waited(server: FakeServer, found: LaunchStacks | None = None) -> LaunchStacks:
    return sample_waiting(arm(server), FOLDERS, NUMBERS, found or LaunchStacks())


def test_cpu_time_is_sampled_under_load(
    server: FakeServer, recorded: list[tuple[Sequence[int], Path]]
) -> None:
    found = sample_cpu(arm(server), FOLDERS, NUMBERS)
    assert recorded == [([7, 8], server.folder)]
    assert server.closes == [EarlyClose(3.0, 8)]
    assert server.was_open == [False]
    (stack,) = found.active
    assert stack.time_s == pytest.approx(0.4 / 100)
    assert found.cpu_load == Load(100, 2.0, 0.5)
    assert found.waiting_load is None


def test_without_a_sampler_no_load_is_applied_and_the_reason_is_told(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise SamplerError("py-spy may not attach")

    monkeypatch.setattr(module, "recording", refused)
    found = sample_cpu(arm(server), FOLDERS, NUMBERS)
    assert found == LaunchStacks(problems=("py-spy may not attach",))
    assert server.closes == []


def test_waiting_is_sampled_in_a_window_of_its_own(server: FakeServer) -> None:
    server.takes_s = 2.0
    earlier = LaunchStacks(cpu_load=Load(1, 1.0, 1.0), problems=("earlier",))
    found = waited(server, earlier)
    assert (server.was_open, server.stacks.is_open) == ([True], False)
    assert server.closes == [EarlyClose(1.5, 8)]
    (stack,) = found.waiting
    assert (stack.wait, stack.samples) == (Wait.SLEEP, 40)
    assert found.in_flight == pytest.approx(4)
    assert found.waiting_load is not None
    assert found.waiting_load.requests == 100
    assert (found.cpu_load, found.problems) == (earlier.cpu_load, ("earlier",))


def test_the_time_of_requests_that_end_after_the_window_is_theirs_too(server: FakeServer) -> None:
    # Two processes have 2 requests asleep at any time in 5 s, and 100 are served: 0.2 s each. The
    # window of responses that count was shorter.
    server.takes_s = 5.0
    found = waited(server)
    assert found.waiting_s == pytest.approx(0.2)
    assert found.waiting_load == Load(100, 5.0, 0.5)


def test_processes_that_tell_nothing_are_a_problem(server: FakeServer) -> None:
    server.tells = ()
    found = waited(server, LaunchStacks(problems=("earlier",)))
    assert found.waiting_load is None
    assert found.problems[0] == "earlier"
    assert "get_wsgi_application()" in found.problems[1]


def test_a_process_without_requests_is_not_waited_for_without_end(server: FakeServer) -> None:
    server.tells = (8,)
    assert waited(server).in_flight == pytest.approx(2)


def test_processes_that_tell_late_are_waited_for(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.tells = (8,)

    def sleep(seconds: float) -> None:
        server.clock.now_s += seconds
        if server.clock.now_s > 0.5:
            server.stacks.write(7, ASLEEP)

    monkeypatch.setattr(server.clock, "sleep", sleep)
    assert waited(server).in_flight == pytest.approx(4)


def test_a_window_that_fails_is_closed(server: FakeServer) -> None:
    server.fails = True
    with pytest.raises(GeneratorError):
        waited(server)
    assert not server.stacks.is_open
