"""What spoils a round, seen without a look at the figures of its arms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    worker_ended,
)

_STEAL = 7
"""The column of /proc/stat's first line (proc_stat(5)); behind it is time counted already."""
_STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class DiscardLimits:
    """The limits above which a round is thrown away."""

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
    """The clocks, and what the CPUs did since the machine came up, in ticks."""

    of_day_s: float
    of_uptime_s: float
    steal: int
    total: int

    @classmethod
    def now(cls) -> Self:
        """This moment."""
        ticks: list[int] = []
        with suppress(OSError), _STAT.open() as stat:
            ticks = [int(text) for text in stat.readline().split()[1:]]
        counted = ticks[: _STEAL + 1]
        steal = ticks[_STEAL] if len(ticks) > _STEAL else 0
        return cls(CLOCK.unix(), CLOCK.monotonic(), steal, sum(counted))


def spoilt(
    before: Moment,
    after: Moment,
    reports: Iterable[AgentReport],
    *,
    ended: Sequence[str],
    cpus: float = 1.0,
    limits: DiscardLimits,
) -> str | None:
    """Why a round between two moments is thrown away; None for one that counts.

    ``ended`` are the arms of which a worker that they were launched with is gone: what its master
    put in its place has not been warmed up. ``cpus`` is how much of a CPU an agent may have.
    """
    if ended:
        return worker_ended(ended)
    total = after.total - before.total
    if total and (after.steal - before.steal) / total > limits.steal:
        return CPU_STEAL
    moved = (after.of_day_s - before.of_day_s) - (after.of_uptime_s - before.of_uptime_s)
    if abs(moved) > limits.clock_jump_s:
        return CLOCK_JUMPED
    if any(report.stopped_s > limits.stopped * report.window_s for report in reports):
        return GENERATOR_STOPPED
    if any(report.cpu_s > limits.generator_cpu * report.window_s * cpus for report in reports):
        return GENERATOR_BOUND
    return None
