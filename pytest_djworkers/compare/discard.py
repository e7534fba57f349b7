"""Decide which rounds are discarded.

The figures of the arms have no say in this: only then can throwing rounds away not favour an arm.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.facts import BUSY_ABOVE
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.verdict.reliability import (
    CLOCK_JUMPED,
    CPU_STEAL,
    GENERATOR_BOUND,
    GENERATOR_STOPPED,
)

_STEAL_COLUMN = 7
_STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class DiscardLimits:
    """The limits above which a round is discarded."""

    steal: float = 0.05
    """Share of the CPUs' time that other guests of the same host had."""
    clock_jump_s: float = 0.05
    """Difference between the clock of day and the monotonic clock over a round."""
    stopped: float = 0.05
    """Share of a window for which the agent was stopped."""
    generator_cpu: float = BUSY_ABOVE
    """Share of the CPU time available to the agent that it used."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The clocks at one moment, and the CPU time since the machine was started, in ticks."""

    clock_of_day_s: float
    monotonic_s: float
    steal: int
    """The time that other guests of the same host had."""
    total: int

    @classmethod
    def now(cls) -> Self:
        """Return the present moment. Where there is no ``/proc/stat``, all CPU times are 0."""
        ticks: list[int] = []
        # proc_stat(5). A container may hide it, and macOS has none.
        with suppress(OSError), _STAT.open() as stat:
            ticks = [int(text) for text in stat.readline().split()[1:]]
        steal = ticks[_STEAL_COLUMN] if len(ticks) > _STEAL_COLUMN else 0
        # The columns behind steal are for guests of this machine. Their time is contained in the
        # columns for user and nice already.
        total = sum(ticks[: _STEAL_COLUMN + 1])
        return cls(CLOCK.unix(), CLOCK.monotonic(), steal, total)


def reason_to_discard(
    before: Moment,
    after: Moment,
    reports: Iterable[AgentReport],
    *,
    cpus: float = 1.0,
    limits: DiscardLimits,
) -> str | None:
    """Return why a round between two moments is discarded; None if it counts.

    ``cpus`` is the number of CPUs that an agent may use; a CPU quota can make it less than 1.
    """
    total = after.total - before.total
    if total and (after.steal - before.steal) / total > limits.steal:
        return CPU_STEAL
    # Both clocks advance alike, unless somebody sets the clock of day, or the machine sleeps.
    elapsed_s = after.monotonic_s - before.monotonic_s
    jump_s = after.clock_of_day_s - before.clock_of_day_s - elapsed_s
    if abs(jump_s) > limits.clock_jump_s:
        return CLOCK_JUMPED
    if any(report.stopped_s > limits.stopped * report.window_s for report in reports):
        return GENERATOR_STOPPED
    if any(report.cpu_s > limits.generator_cpu * report.window_s * cpus for report in reports):
        return GENERATOR_BOUND
    return None
