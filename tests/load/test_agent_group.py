"""Agents of machines with clocks of their own, which begin together."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_group import AgentGroup
from pytest_djworkers.load.agent_job import AgentJob, StartSignal
from pytest_djworkers.load.agent_protocol import SAME_CLOCK, AgentLost, ClockOffset, Lines
from pytest_djworkers.load.generator import Target
from pytest_djworkers.progress import LiveFigures, Phase
from pytest_djworkers.serialization import to_simple
from tests.support.profiles import make_profile, make_report

BEGAN_AT = 1_700_000_000.0
SO_FAR = {"so_far": {"open_s": 1.0, "responses": 10, "errors": 0, "latency": [[1000, 10]]}}


class Scripted:
    """An agent without a process: it says what a test has it say when it is told to start."""

    silent_after = None

    def __init__(
        self, target: Target, number: int, *, of: int, clock: ClockOffset, says: list[Any]
    ) -> None:
        self.name = f"load agent {number} of {of}"
        self.clock = clock
        self.starts: list[int] = []
        self._says = says
        self._lines = Lines()
        self._reading, self._writing = os.pipe()

    def say(self, message: AgentJob | StartSignal) -> None:
        """Respond to a message."""
        if isinstance(message, AgentJob):
            self._answer({"opened": message.connections})
            return
        self.starts.append(message.start_ns)
        for one in self._says:
            self._answer(one)

    def _answer(self, message: dict[str, Any]) -> None:
        os.write(self._writing, json.dumps(message).encode() + b"\n")

    def read(self, when: str) -> list[dict[str, Any]]:
        """Return what it says."""
        messages = self._lines.add(os.read(self._reading, 1 << 16))
        if {} in messages:
            raise AgentLost(f"{self.name} was lost {when}")
        return messages

    def fileno(self) -> int:
        """Return the end of its pipe."""
        return self._reading

    def stop(self) -> None:
        """Close its pipe."""
        os.close(self._reading)
        os.close(self._writing)

    def too_late(self, within_s: float) -> GeneratorError:
        """Return an error."""
        return GeneratorError(f"{self.name} did not respond within {within_s}s")


class Shown:
    """Keeps the figures that it is shown."""

    wants_figures = True

    def __init__(self) -> None:
        self.figures: list[LiveFigures] = []

    def begin(self, *phases: Phase) -> None:
        """Forget the phases."""

    def show(self, figures: LiveFigures) -> None:
        """Keep them."""
        self.figures.append(figures)


def report(unix_s: float = 0.0) -> dict[str, Any]:
    """A report from a machine whose Unix time is ahead by this."""
    told: dict[str, Any] = to_simple(make_report(began_at=BEGAN_AT + unix_s))
    return told


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A target that nobody fires at."""
    return Target(("127.0.0.1", 9), tmp_path)


@pytest.fixture
def nothing_left_open() -> Iterator[None]:
    """Agents are stopped at the end of a group."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.usefixtures("nothing_left_open")
def test_agents_begin_at_one_moment_of_their_own_clocks(target: Target) -> None:
    ahead = ClockOffset(monotonic_ns=-5_000_000_000, unix_s=3600.0, error_s=0.05)
    made: list[Scripted] = []

    def make(clock: ClockOffset, unix_s: float, *arguments: Any, **named: Any) -> Scripted:
        made.append(Scripted(*arguments, clock=clock, says=[report(unix_s)], **named))
        return made[-1]

    makers = [partial(make, SAME_CLOCK, 0.0), partial(make, ahead, 3600.0)]
    with AgentGroup(makers, target) as group:
        group.open(make_profile(), target, drain_s=0)
        began_ns = time.monotonic_ns()
        reports = group.fire()
        assert group.clocks == [ahead]
    (here,), (there,) = (agent.starts for agent in made)
    assert there == here - 5_000_000_000
    # The signal has several times as long as it took to compare the clocks.
    assert here - began_ns >= 300_000_000
    # All by this machine's clock.
    assert [one.began_at for one in reports] == [BEGAN_AT, BEGAN_AT]
    assert group.lost == ()


def test_figures_are_shown_without_those_of_a_lost_agent(target: Target) -> None:
    def make(says: list[Any], *arguments: Any, **named: Any) -> Scripted:
        return Scripted(*arguments, clock=SAME_CLOCK, says=says, **named)

    shown = Shown()
    with AgentGroup([partial(make, [{}]), partial(make, [SO_FAR, report()])], target) as group:
        group.open(make_profile(connections=5), target, drain_s=0)
        (only,) = group.fire(progress=shown)
    assert only.began_at == BEGAN_AT
    assert [(lost.name, lost.connections) for lost in group.lost] == [("load agent 1 of 2", 3)]
    assert [figures.rps for figures in shown.figures] == [10.0]


def test_every_loss_is_named_if_none_is_left(target: Target) -> None:
    def make(*arguments: Any, **named: Any) -> Scripted:
        return Scripted(*arguments, clock=SAME_CLOCK, says=[{}], **named)

    with AgentGroup([make, make], target) as group:
        group.open(make_profile(), target, drain_s=0)
        with pytest.raises(GeneratorError) as raised:
            group.fire()
    assert str(raised.value) == (
        "load agent 1 of 2 was lost in the middle of the burst\n"
        "load agent 2 of 2 was lost in the middle of the burst"
    )
