"""The responses that come in several pieces, and when their first bytes came.

A response in one piece has its first byte at the time of its last one, so it needs no count here.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass

from pytest_djworkers.load.histogram import Counts, Latency
from pytest_djworkers.load.pairs import Pairs


@dataclass(frozen=True, slots=True)
class InPieces:
    """The times of the responses that came in several pieces, from the beginning of the request."""

    first: Latency
    """The times until the first byte."""
    whole: Latency
    """The latencies of the same responses, which are in the latency of all, too."""

    def first_byte_of(self, latency: Latency) -> Latency:
        """Return the times until the first byte of all responses, of which this is the latency."""
        if not self.first.counts:
            return latency
        # Exact: the same sample is in the same bucket of every histogram.
        counts = Counter(dict(latency.counts))
        counts.subtract(dict(self.whole.counts))
        counts.update(dict(self.first.counts))
        return Latency.from_counts(counts)


class PieceTimes:
    """Counts the responses of one part that come in several pieces. Times are in microseconds."""

    __slots__ = ("_first", "_first_us", "_whole", "_whole_us")

    def __init__(self) -> None:
        self._first_us, self._whole_us = array("d"), array("d")
        # Most parts have none, and each of these takes 300 kB.
        self._first: Counts | None = None
        self._whole: Counts | None = None

    def add(self, first_us: float, whole_us: float) -> None:
        """Count a response by the time of its first byte, and by its latency as counted."""
        self._first_us.append(first_us)
        self._whole_us.append(whole_us)

    def fold(self) -> None:
        """Turn what was added into counts."""
        if not self._first_us:
            return
        if self._first is None or self._whole is None:
            self._first, self._whole = Counts(), Counts()
        self._first.add(self._first_us)
        self._whole.add(self._whole_us)
        del self._first_us[:], self._whole_us[:]

    def first(self) -> Pairs:
        """Return the histogram of the times until the first byte, as far as it is folded."""
        return Pairs.of(self._first.items() if self._first else ())

    def whole(self) -> Pairs:
        """Return the histogram of the latencies of the same responses."""
        return Pairs.of(self._whole.items() if self._whole else ())
