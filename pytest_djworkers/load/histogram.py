"""Latencies as counts per value, with percentiles only where there are samples enough.

Values are kept to three significant digits, in the bucket layout of HdrHistogram: with 2048
sub-buckets, every value below 2048 us is exact, and each above it within 0.1 %. So a histogram
that is stored in that format loses nothing more.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Self

_SUB_BUCKET_BITS = 11
_LONGEST_BITS = 36
"""The most bits of a value in microseconds: 19 hours. Longer ones count as the longest."""
_OCTAVE = 1024
"""The number of buckets from a value to its double."""
_COARSE = 64
"""The number of buckets that ``coarse`` adds up: sixteen such sums are an octave."""
_REST_BITS = 42
"""The number of a double's 64 bits after its sign, its exponent and ten bits of its fraction."""
_BITS_OF_1 = 1023 << 10
"""The bits of the double 1.0 without those."""
SAMPLES_BEYOND = 10
"""The number of samples that must lie beyond a percentile for it to be one."""


def samples_for(percent: float) -> int:
    """Return the number of samples from which there is such a percentile."""
    return ceil(round(SAMPLES_BEYOND / (1 - percent / 100), 6))


def bucket(microseconds: int) -> int:
    """Return the middle of the HdrHistogram bucket that holds this value."""
    shift = microseconds.bit_length() - _SUB_BUCKET_BITS
    if shift <= 0:
        return microseconds
    return ((microseconds >> shift) << shift) + (1 << (shift - 1))


class Counts:
    """Counts per bucket, in the same memory however much is counted."""

    # A bucket of HdrHistogram has the values whose exponent and first ten bits of the fraction are
    # the same, and these lie side by side in a double. So the number of a value's bucket is its
    # bits, shifted: no logarithm and no loop per value. Below 1024 us the bits make finer buckets
    # than HdrHistogram's, which ``items`` merges.

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * (_LONGEST_BITS * _OCTAVE + 1)))

    def add(self, microseconds: Iterable[float]) -> None:
        """Count samples in microseconds."""
        counts, last = self._counts, len(self._counts) - 1
        # The same 64 bits, read as integers.
        doubles = memoryview(array("d", microseconds)).cast("B").cast("Q")
        for bits, count in Counter([double >> _REST_BITS for double in doubles]).items():
            counts[min(max(0, bits - _BITS_OF_1 + 1), last)] += count

    def items(self) -> list[tuple[int, int]]:
        """Return the middle of each bucket in microseconds and its count, ascending; none empty."""
        merged: Counter[int] = Counter()
        for index, count in enumerate(self._counts):
            if count:
                merged[_middle(index)] += count
        return list(merged.items())

    def coarse(self) -> list[tuple[int, int]]:
        """Return the counts as ``items`` does, in buckets of a few percent.

        It takes less than half a millisecond, so that it can be called while a burst runs.
        """
        counts = self._counts
        # any() and sum() loop over the 37,000 counts in C, and most octaves are empty.
        sums = (
            (index, sum(counts[index : index + _COARSE]))
            for octave in range(0, len(counts), _OCTAVE)
            if any(counts[octave : octave + _OCTAVE])
            for index in range(octave, octave + _OCTAVE, _COARSE)
        )
        return [(_middle(index + _COARSE // 2), count) for index, count in sums if count]


def _middle(index: int) -> int:
    """Return the middle of the bucket of that number, in microseconds."""
    if not index:
        return 0
    (lowest,) = struct.unpack("<d", struct.pack("<Q", (index - 1 + _BITS_OF_1) << _REST_BITS))
    return bucket(int(lowest))


@dataclass(frozen=True, slots=True)
class Latency:
    """A histogram of latencies. ``counts`` are pairs of microseconds and samples, ascending."""

    counts: tuple[tuple[int, int], ...]

    @classmethod
    def from_counts(cls, counts: Mapping[int, int]) -> Self:
        """Return the histogram of counts per value in microseconds."""
        return cls(tuple(sorted((value, count) for value, count in counts.items() if count)))

    @property
    def count(self) -> int:
        """The number of samples."""
        return sum(count for _, count in self.counts)

    @property
    def mean(self) -> float | None:
        """The mean in seconds; None without samples."""
        total = self.count
        return sum(value * count for value, count in self.counts) / total / 1e6 if total else None

    @property
    def max(self) -> float | None:
        """The longest latency in seconds; None without samples."""
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
        """Return the nearest-rank percentile in seconds; None where ``why_not`` has a reason."""
        return None if self.why_not(percent) else self.nearest_rank(percent)

    def nearest_rank(self, percent: float) -> float | None:
        """Return the nearest-rank percentile in seconds, however few samples lie beyond it.

        For figures of which many are taken, such as those of windows. None without samples.
        """
        if not self.counts:
            return None
        # The smallest value up to which there are as many samples as the rank.
        rank = self._rank(percent)
        up_to = accumulate(count for _, count in self.counts)
        reached = (
            value for (value, _), seen in zip(self.counts, up_to, strict=True) if seen >= rank
        )
        return next(reached) / 1e6

    def why_not(self, percent: float) -> str | None:
        """Return why there is no such percentile, in words; None if there is one."""
        total = self.count
        if not total:
            return "no samples"
        # A percentile that ten samples decide moves with each of them.
        beyond = total - self._rank(percent)
        if beyond < SAMPLES_BEYOND:
            return (
                f"p{percent:g} of {total:,} samples has {beyond} beyond it"
                f" ({SAMPLES_BEYOND} are needed)"
            )
        return None

    def _rank(self, percent: float) -> int:
        # Rounded first: 99.9 / 100 * 1000 is 999.0000000000001 in binary.
        return max(1, ceil(round(percent / 100 * self.count, 9)))
