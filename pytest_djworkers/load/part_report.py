"""The counts of one part of a burst in a window, and the sum of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.in_pieces import InPieces
from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.response_excerpt import ResponseExcerpt

_Key = TypeVar("_Key", int, str)


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
    """The number of expected responses, among ok and late, that came after the window closed."""
    wrong_bodies: int
    statuses: dict[int, int]
    """The number of complete responses of the window by status."""
    error_kinds: dict[str, int]
    latency: Pairs
    """The histogram of latencies: pairs of microseconds and counts."""
    sizes: list[tuple[int, int]]
    """The histogram of the expected responses' body lengths as sent: pairs of bytes and counts."""
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
            sizes=[*sums(dict(report.sizes) for report in reports).items()],
            first_unexpected=_first_of(report.first_unexpected for report in reports),
            events=sum(report.events for report in reports),
            first_bytes=sum_of_pairs(report.first_bytes for report in reports),
            in_pieces=sum_of_pairs(report.in_pieces for report in reports),
        )

    def since(self, earlier: PartReport) -> PartReport:
        """Return what was counted after an earlier report on the same requests."""
        excerpt = self.first_unexpected if earlier.first_unexpected is None else None
        return PartReport(
            ok=self.ok - earlier.ok,
            late=self.late - earlier.late,
            unexpected=self.unexpected - earlier.unexpected,
            error=self.error - earlier.error,
            unanswered=self.unanswered - earlier.unanswered,
            in_flight=self.in_flight - earlier.in_flight,
            outside=self.outside - earlier.outside,
            after_window=self.after_window - earlier.after_window,
            wrong_bodies=self.wrong_bodies - earlier.wrong_bodies,
            statuses=_without(self.statuses, earlier.statuses),
            error_kinds=_without(self.error_kinds, earlier.error_kinds),
            latency=_pairs_without(self.latency, earlier.latency),
            sizes=sorted(_without(dict(self.sizes), dict(earlier.sizes)).items()),
            first_unexpected=excerpt,
            events=self.events - earlier.events,
            first_bytes=_pairs_without(self.first_bytes, earlier.first_bytes),
            in_pieces=_pairs_without(self.in_pieces, earlier.in_pieces),
        )

    @property
    def pieces(self) -> InPieces:
        """The times of the responses that came in several pieces."""
        return InPieces(Latency(tuple(self.first_bytes)), Latency(tuple(self.in_pieces)))

    @property
    def judged(self) -> int:
        """The number of requests that shares divide by: all but those in flight and outside."""
        return self.ok + self.late + self.unexpected + self.error + self.unanswered


def _first_of(excerpts: Iterable[ResponseExcerpt | None]) -> ResponseExcerpt | None:
    """Return the first excerpt that was kept, or None."""
    return next((one for one in excerpts if one is not None), None)


def sums(mappings: Iterable[Mapping[_Key, int]]) -> dict[_Key, int]:
    """Return the counts of all mappings, added up by key, ascending."""
    total: Counter[_Key] = Counter()
    for mapping in mappings:
        total.update(mapping)
    return dict(sorted(total.items()))


def sum_of_pairs(histograms: Iterable[Iterable[tuple[int, int]]]) -> Pairs:
    """Return the sum of histograms that are pairs of values and counts, ascending."""
    # Histograms are added up, since percentiles of several can't be averaged.
    return Pairs.of(sums(dict(one) for one in histograms).items())


def _without(counts: Mapping[_Key, int], earlier: Mapping[_Key, int]) -> dict[_Key, int]:
    """Return the counts that came on top of the earlier ones."""
    return dict(Counter(counts) - Counter(earlier))


def _pairs_without(counts: Iterable[tuple[int, int]], earlier: Iterable[tuple[int, int]]) -> Pairs:
    """Return the histogram of what came on top of the earlier one."""
    return Pairs.of(sorted(_without(dict(counts), dict(earlier)).items()))
