"""Latencies as counts per value, with percentiles that refuse to guess.

Values are kept to three significant digits, in the bucket layout of HdrHistogram
(2048 sub-buckets: every value below 2048 us exactly, above it within 0.1 %), so that a
stored histogram loses nothing more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Self

_SUB_BUCKET_BITS = 11
SAMPLES_BEYOND = 10
"""How many samples must lie beyond a percentile before it is worth a name."""


def bucket(microseconds: int) -> int:
    """The middle of the HdrHistogram bucket that holds this value."""
    shift = microseconds.bit_length() - _SUB_BUCKET_BITS
    if shift <= 0:
        return microseconds
    return ((microseconds >> shift) << shift) + (1 << (shift - 1))


def fold(nanoseconds: Iterable[int], into: Counter[int]) -> None:
    """Add samples in nanoseconds to counts per bucket in microseconds."""
    for microseconds, count in Counter([sample // 1000 for sample in nanoseconds]).items():
        into[bucket(microseconds)] += count


@dataclass(frozen=True, slots=True)
class Latency:
    """How long answers took. ``counts`` are pairs of microseconds and samples, ascending."""

    counts: tuple[tuple[int, int], ...]

    @classmethod
    def from_counts(cls, counts: Mapping[int, int]) -> Self:
        """From counts per value in microseconds."""
        return cls(tuple(sorted((value, count) for value, count in counts.items() if count)))

    @property
    def count(self) -> int:
        """How many samples there are."""
        return sum(count for _, count in self.counts)

    @property
    def mean(self) -> float | None:
        """The mean in seconds; None without samples."""
        total = self.count
        return sum(value * count for value, count in self.counts) / total / 1e6 if total else None

    @property
    def max(self) -> float | None:
        """The longest in seconds; None without samples."""
        return self.counts[-1][0] / 1e6 if self.counts else None

    @property
    def p50(self) -> float | None:
        """The median in seconds; None where ``why_not`` has a reason."""
        return self.percentile(50)

    @property
    def p90(self) -> float | None:
        """The 90th percentile in seconds; None where ``why_not`` has a reason."""
        return self.percentile(90)

    @property
    def p95(self) -> float | None:
        """The 95th percentile in seconds; None where ``why_not`` has a reason."""
        return self.percentile(95)

    @property
    def p99(self) -> float | None:
        """The 99th percentile in seconds; None where ``why_not`` has a reason."""
        return self.percentile(99)

    @property
    def p999(self) -> float | None:
        """The 99.9th percentile in seconds; None where ``why_not`` has a reason."""
        return self.percentile(99.9)

    def percentile(self, percent: float) -> float | None:
        """The nearest-rank percentile in seconds, or None where ``why_not`` has a reason."""
        if self.why_not(percent):
            return None
        rank = self._rank(percent)
        up_to = accumulate(count for _, count in self.counts)
        reached = (
            value for (value, _), seen in zip(self.counts, up_to, strict=True) if seen >= rank
        )
        return next(reached) / 1e6

    def why_not(self, percent: float) -> str | None:
        """Why there is no such percentile, in words; None where there is one."""
        total = self.count
        if not total:
            return "no samples"
        beyond = total - self._rank(percent)
        if beyond < SAMPLES_BEYOND:
            return (
                f"p{percent:g} of {total} samples has {beyond} beyond it"
                f" ({SAMPLES_BEYOND} are needed)"
            )
        return None

    def _rank(self, percent: float) -> int:
        # Rounded first: 99.9 / 100 * 1000 is 999.0000000000001 in binary.
        return max(1, ceil(round(percent / 100 * self.count, 9)))
