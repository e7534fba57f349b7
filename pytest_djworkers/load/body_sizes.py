"""The body lengths of expected responses, counted without work for each response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sized

from pytest_djworkers.load.histogram import bucket


class BodySizes:
    """Counts responses by the length of their body as sent, in bytes.

    Most responses have the same head as the one before, so their bodies are as long as its body.
    They are a run: their number is that of the latency samples that were added meanwhile.
    """

    def __init__(self, samples: Sized) -> None:
        self._samples = samples
        """The latencies of the responses; the caller adds one for each that counts."""
        self._run_size = 0
        self._not_of_run = 0
        """The number of samples that are counted already."""
        self._since_fold: Counter[int] = Counter()
        self._counts: Counter[int] = Counter()

    def begin_run(self, size: int) -> None:
        """Count each sample that is added from now on as a body of this length."""
        self._end_run()
        self._run_size = size

    def add(self, size: int) -> None:
        """Count one body of this length, whose sample is added next and is not one of the run."""
        self._since_fold[size] += 1
        self._not_of_run += 1

    def fold(self) -> None:
        """Count what was added. The caller empties the samples afterwards."""
        self._end_run()
        self._not_of_run = 0
        # In buckets, or else bodies of random lengths would take ever more memory.
        for size, count in self._since_fold.items():
            self._counts[bucket(size)] += count
        self._since_fold.clear()

    def items(self) -> list[tuple[int, int]]:
        """Return pairs of bytes and counts, ascending: exact below 2048, else within 0.1 %."""
        return sorted((+self._counts).items())

    def _end_run(self) -> None:
        added = len(self._samples)
        self._since_fold[self._run_size] += added - self._not_of_run
        self._not_of_run = added


def mean_size(counts: Iterable[tuple[int, int]]) -> float | None:
    """Return the mean length in bytes of bodies, by their lengths and counts; None without any."""
    lengths = list(counts)
    total = sum(count for _, count in lengths)
    return sum(length * count for length, count in lengths) / total if total else None
