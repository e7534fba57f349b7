"""The measurements of a comparison: windows of two arms in rounds, and the sample to judge.

Plain data, no clock, no I/O. The words are those of the documentation: a round is one window of
each arm, a block is the rounds that share one launch of each arm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log

from pytest_djworkers.verdict.machine_correction import Corrected, corrected

WORKER_ENDED = "a worker of"
"""The beginning of the reason to leave out a round in which a worker is gone; the arm follows."""


class Metric(StrEnum):
    """The figures that two arms can be compared by."""

    RPS = "rps"
    P95 = "p95"
    CPU_PER_REQUEST = "cpu_per_request"
    ERRORS = "errors"
    CALLS = "calls"


METRIC_NAMES = {
    Metric.RPS: "requests/s",
    Metric.P95: "p95",
    Metric.CPU_PER_REQUEST: "CPU time per request",
    Metric.ERRORS: "errors",
    Metric.CALLS: "Python calls per request",
}
"""The names of the figures for people."""
OF_ROUNDS = tuple(metric for metric in Metric if metric is not Metric.CALLS)
"""The figures that windows have. Calls are counted in requests of their own."""
LEAST_CLEAN = 0.5
"""Rounds with errors are left out of the speed while at least this share is without."""


@dataclass(frozen=True, slots=True)
class Window:
    """One arm's figures in a round."""

    responses: int
    """The number of expected responses that came while the window was open, in time or late."""
    window_s: float
    """The time for which the window was open, in seconds."""
    errors: int
    timeouts: int
    judged: int
    """The number of requests that shares divide by."""
    p95_s: float | None
    """The 95th percentile of the latency; None without samples."""
    cpu_per_request_s: float | None
    """The server's CPU time per response; None if it could not be measured."""
    slow: int = 0
    """The number of responses that took many times as long as is usual for base, as the size of
    the windows says it."""
    lost_worker: bool = False
    """True if a worker that the server was launched with is gone at the end of the window."""
    body_bytes: float | None = None
    """The mean length of the expected responses' bodies, in bytes; None if it is not known."""
    machine_speed: float | None = None
    """The speed of the machine's CPUs while the window was open, in any unit; None if unknown."""

    def figure(self, metric: Metric) -> float | None:
        """Return the figure to compare, above 0; None if there is none."""
        if metric is Metric.P95:
            return self.p95_s or None
        if metric is Metric.CPU_PER_REQUEST:
            return self.cpu_per_request_s or None
        # The logarithm of 0 is an infinite loss, which would outweigh all other rounds. A window
        # with no response and one with half a response look the same.
        return max(self.responses, 0.5) / self.window_s


@dataclass(frozen=True, slots=True)
class Round:
    """One window of each arm, back to back."""

    base: Window
    head: Window
    block: int
    """The number of its block; blocks are judged in the order of their numbers."""
    discarded: str | None = None
    """The reason why it is discarded as a whole, in words; None for a round that counts.

    The evidence never looks at the arms' figures: ``the generator was starved``."""

    @property
    def left_out(self) -> str | None:
        """The reason why neither speed nor errors count, in words; None if they do."""
        # The worker in the place of one that ended has not been warmed up.
        lost = [name for name, arm in (("base", self.base), ("head", self.head)) if arm.lost_worker]
        return worker_ended(lost) if lost else self.discarded

    @property
    def has_errors(self) -> bool:
        """True if either arm had errors."""
        return bool(self.base.errors or self.head.errors)

    def log_ratio(self, metric: Metric) -> float | None:
        """Return ln(head / base), signed so that negative is worse; None without a figure."""
        # Without a response there is no latency: the arm is as much worse as it is slower.
        if not self.base.responses or not self.head.responses:
            metric = Metric.RPS
        base, head = self.base.figure(metric), self.head.figure(metric)
        if base is None or head is None:
            return None
        # A ratio, since speeds differ by factors; its logarithm, so that half and twice the speed
        # are equally far from no change.
        return log(head / base) if metric is Metric.RPS else log(base / head)

    @property
    def machine_log_ratio(self) -> float | None:
        """The ln(head / base) of the machine's speeds; None if one of them is not known."""
        base, head = self.base.machine_speed, self.head.machine_speed
        return log(head / base) if base and head else None


@dataclass(frozen=True, slots=True)
class Sample:
    """The log ratios of one figure, after the rounds that can't be compared are left out."""

    by_block: tuple[tuple[float, ...], ...]
    """The log ratios by block, negative is worse; without the blocks that have none. Changes of the
    machine's speed are taken off."""
    with_errors: int
    """The number of rounds left out because an arm had errors in them."""
    without_figure: int
    """The number of rounds left out because an arm has no such figure."""
    machine_shift: float = 0.0
    """The mean of what was taken off for the machine's speed, as a log ratio."""
    machine_error: float = 0.0
    """The standard error that this adds to the mean of the log ratios."""

    @property
    def ratios(self) -> list[float]:
        """The log ratios of all blocks."""
        return [ratio for block in self.by_block for ratio in block]


def sample_of(rounds: Sequence[Round], metric: Metric) -> Sample:
    """Return the sample that can be compared by this figure."""
    counted = counted_rounds(rounds)
    # A response with an error is often quicker than a good one, so its round has no speed.
    clean = [each for each in counted if not each.has_errors]
    # Where most rounds have errors, they are what the view does, and its speed is theirs.
    if len(clean) < LEAST_CLEAN * len(counted):
        clean = counted
    by_block: dict[int, list[tuple[float, float | None]]] = {}
    for each in clean:
        if (ratio := each.log_ratio(metric)) is not None:
            by_block.setdefault(each.block, []).append((ratio, each.machine_log_ratio))
    ratios = _without_machine([by_block[number] for number in sorted(by_block)])
    return Sample(
        by_block=ratios.by_block,
        with_errors=len(counted) - len(clean),
        without_figure=len(clean) - sum(map(len, by_block.values())),
        machine_shift=ratios.shift,
        machine_error=ratios.error,
    )


def worker_ended(arms: Sequence[str]) -> str:
    """Return the reason to leave out a round in which workers of these arms are gone."""
    return f"{WORKER_ENDED} {' and '.join(arms)} ended"


def _without_machine(by_block: Sequence[Sequence[tuple[float, float | None]]]) -> Corrected:
    """Return the log ratios, which come with those of the machine's speed, without its changes."""
    ratios = tuple(tuple(ratio for ratio, _ in block) for block in by_block)
    if any(speed is None for block in by_block for _, speed in block):
        return Corrected(ratios)
    return corrected(
        ratios, [[speed for _, speed in block if speed is not None] for block in by_block]
    )


def counted_rounds(rounds: Sequence[Round]) -> list[Round]:
    """Return the rounds that are not left out."""
    return [each for each in rounds if each.left_out is None]


def blocks_of(rounds: Sequence[Round]) -> list[list[Round]]:
    """Return the rounds of each block, in the order of the blocks' numbers."""
    blocks: dict[int, list[Round]] = {}
    for each in rounds:
        blocks.setdefault(each.block, []).append(each)
    return [blocks[number] for number in sorted(blocks)]


def count_discarded(rounds: Sequence[Round]) -> tuple[tuple[str, int], ...]:
    """Return the reasons why rounds were left out with their numbers, the most frequent first."""
    reasons = (each.left_out for each in rounds)
    counts = Counter(reason for reason in reasons if reason is not None)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
