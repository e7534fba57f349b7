"""What a comparison has measured: windows of two arms in rounds, and what can be judged of them.

Plain data, no clock, no I/O. The words are those of the documentation: a round is one window of
each arm, a block is the rounds that share one launch of each arm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log
from statistics import median


class Metric(StrEnum):
    """The figures that two arms can be compared by."""

    RPS = "rps"
    P95 = "p95"
    CPU_PER_REQUEST = "cpu_per_request"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Window:
    """One arm's figures in a round."""

    requests: int
    """Expected answers, in time or late."""
    window_s: float
    errors: int
    timeouts: int
    judged: int
    """What shares divide by."""
    p95_s: float | None
    """None without samples."""
    cpu_per_request_s: float | None
    """None where it could not be measured."""

    def figure(self, metric: Metric) -> float | None:
        """The figure to compare, above 0; None where there is none."""
        if metric is Metric.P95:
            return self.p95_s or None
        if metric is Metric.CPU_PER_REQUEST:
            return self.cpu_per_request_s or None
        # No answer at all is no infinite loss: half of one is what a window can't tell from none.
        return max(self.requests, 0.5) / self.window_s


@dataclass(frozen=True, slots=True)
class Round:
    """One window of each arm, back to back."""

    base: Window
    head: Window
    block: int
    """The number of its block; blocks are judged in the order of their numbers."""
    discarded: str | None = None
    """Why it is thrown away whole, in words, on evidence that does not look at the arms'
    figures: ``the generator was starved``. None for a round that counts."""

    @property
    def has_errors(self) -> bool:
        """Whether either arm had any."""
        return bool(self.base.errors or self.head.errors)

    def log_ratio(self, metric: Metric) -> float | None:
        """ln(head / base), signed so that negative is worse; None without a figure."""
        base, head = self.base.figure(metric), self.head.figure(metric)
        if base is None or head is None:
            return None
        return log(head / base) if metric is Metric.RPS else log(base / head)


@dataclass(frozen=True, slots=True)
class Sample:
    """What is left of the rounds to compare one figure by."""

    by_block: tuple[tuple[float, ...], ...]
    """Log ratios, negative is worse; blocks of which nothing is left are left out."""
    typical: float | None
    """The median figure of base; None where nothing is left."""
    with_errors: int
    """Rounds left out because an arm had errors in them."""
    without_figure: int
    """Rounds left out because an arm has no such figure."""

    @property
    def ratios(self) -> list[float]:
        """Those of all blocks."""
        return [ratio for block in self.by_block for ratio in block]


def sample_of(rounds: Sequence[Round], metric: Metric) -> Sample:
    """Sort out what can be compared."""
    counted = [one for one in rounds if one.discarded is None]
    clean = [one for one in counted if not one.has_errors]
    by_block: dict[int, list[float]] = {}
    typical = []
    for one in clean:
        ratio, base = one.log_ratio(metric), one.base.figure(metric)
        if ratio is not None and base is not None:
            by_block.setdefault(one.block, []).append(ratio)
            typical.append(base)
    return Sample(
        by_block=tuple(tuple(by_block[number]) for number in sorted(by_block)),
        typical=median(typical) if typical else None,
        with_errors=len(counted) - len(clean),
        without_figure=len(clean) - len(typical),
    )


def blocks_of(rounds: Sequence[Round]) -> list[list[Round]]:
    """The rounds of each block, in the order of the blocks' numbers."""
    blocks: dict[int, list[Round]] = {}
    for one in rounds:
        blocks.setdefault(one.block, []).append(one)
    return [blocks[number] for number in sorted(blocks)]


def count_discarded(rounds: Sequence[Round]) -> tuple[tuple[str, int], ...]:
    """Return the reasons why rounds were discarded with their numbers, the most frequent first."""
    counts = Counter(one.discarded for one in rounds if one.discarded is not None)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
