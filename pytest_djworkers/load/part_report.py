"""The counts of one part of a burst in a window, and the sum of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.response_excerpt import ResponseExcerpt

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class PartReport:
    """The counts of one part, or of a whole window, by the classes that requests end in."""

    ok: int
    late: int
    unexpected: int
    error: int
    unanswered: int
    in_flight: int
    outside: int
    after_window: int
    wrong_bodies: int
    statuses: dict[int, int]
    error_kinds: dict[str, int]
    latency: Pairs
    """The histogram of latencies: pairs of microseconds and counts."""
    sizes: list[tuple[int, int]]
    first_unexpected: ResponseExcerpt | None = None
    events: int = 0
    """The number of events that streams brought in the window."""
    first_bytes: Pairs = field(default_factory=Pairs.empty)
    """The histogram of the times until the first byte of responses in several pieces."""
    in_pieces: Pairs = field(default_factory=Pairs.empty)
    """The histogram of their latencies, which are among the others, too."""

    @classmethod
    def sum(cls, reports: Sequence[PartReport]) -> Self:
        """Return the sum of several reports; there must be one."""
        return cls(
            ok=sum(report.ok for report in reports),
            late=sum(report.late for report in reports),
            unexpected=sum(report.unexpected for report in reports),
            error=sum(report.error for report in reports),
            unanswered=sum(report.unanswered for report in reports),
            in_flight=sum(report.in_flight for report in reports),
            outside=sum(report.outside for report in reports),
            after_window=sum(report.after_window for report in reports),
            wrong_bodies=sum(report.wrong_bodies for report in reports),
            statuses=sums(report.statuses for report in reports),
            error_kinds=sums(report.error_kinds for report in reports),
            latency=sum_of_pairs(report.latency for report in reports),
            sizes=sorted(sums(dict(report.sizes) for report in reports).items()),
            first_unexpected=first_of(report.first_unexpected for report in reports),
            events=sum(report.events for report in reports),
            first_bytes=sum_of_pairs(report.first_bytes for report in reports),
            in_pieces=sum_of_pairs(report.in_pieces for report in reports),
        )

    @property
    def judged(self) -> int:
        """The number of requests that shares divide by: all but those in flight and outside."""
        return self.ok + self.late + self.unexpected + self.error + self.unanswered


def first_of(excerpts: Iterable[ResponseExcerpt | None]) -> ResponseExcerpt | None:
    """Return the first excerpt that was kept, or None."""
    return next((one for one in excerpts if one is not None), None)


def sums(mappings: Iterable[Mapping[_Key, int]]) -> dict[_Key, int]:
    """Return the counts of all mappings, added up by key."""
    total: Counter[_Key] = Counter()
    for mapping in mappings:
        total.update(mapping)
    return dict(total)


def sum_of_pairs(histograms: Iterable[Iterable[tuple[int, int]]]) -> Pairs:
    """Return the sum of histograms that are pairs of values and counts, ascending."""
    # Histograms are added up, since percentiles of several can't be averaged.
    return Pairs.of(sorted(sums(dict(one) for one in histograms).items()))
