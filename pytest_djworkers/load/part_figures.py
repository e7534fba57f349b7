"""The figures of one part of a burst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.in_pieces import InPieces
from pytest_djworkers.load.pairs import mean_of
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.load.response_excerpt import ResponseExcerpt


@dataclass(frozen=True, slots=True)
class PartFigures:
    """The figures of a part of a mix, or of a stage; they mean what they do in ``BurstResult``."""

    window_s: float
    share: float
    """The share of the burst's requests that shares divide by, 0 to 1."""
    ok: int
    late: int
    unexpected: int
    error: int
    unanswered: int
    in_flight: int
    outside: int
    statuses: Mapping[int, int]
    error_kinds: Mapping[str, int]
    latency: Latency
    wrong_bodies: int = 0
    first_unexpected: ResponseExcerpt | None = None
    after_window: int = 0
    in_pieces: InPieces | None = None
    event_count: int | None = None
    body_bytes: float | None = None
    queries: QueryFigures | None = None
    queries_unknown: str = ""

    @classmethod
    def of(cls, report: PartReport, window_s: float, share: float) -> Self:
        """Return the figures of what was counted in this time."""
        return cls(
            window_s=window_s,
            share=share,
            ok=report.ok,
            late=report.late,
            unexpected=report.unexpected,
            error=report.error,
            unanswered=report.unanswered,
            in_flight=report.in_flight,
            outside=report.outside,
            statuses=report.statuses,
            error_kinds=report.error_kinds,
            latency=Latency(tuple(report.latency)),
            wrong_bodies=report.wrong_bodies,
            first_unexpected=report.first_unexpected,
            after_window=report.after_window,
            in_pieces=report.pieces,
            event_count=report.events,
            body_bytes=mean_of(report.sizes),
        )

    @property
    def rps(self) -> float:
        """The expected responses per second of the window, late ones included."""
        return (self.ok + self.late - self.after_window) / self.window_s

    @property
    def judged(self) -> int:
        """The number of requests that shares divide by: all but those in flight and outside."""
        return self.ok + self.late + self.unexpected + self.error + self.unanswered

    @property
    def first_byte(self) -> Latency | None:
        """The times from the beginning of the requests to the first byte of the response. None if
        the generator doesn't tell them."""
        return None if self.in_pieces is None else self.in_pieces.first_byte_of(self.latency)

    @property
    def timeouts(self) -> int:
        """The number of responses that came after the timeout, or not at all."""
        return self.late + self.unanswered

    @property
    def errors(self) -> int:
        """The number of unexpected responses and failed requests."""
        return self.unexpected + self.error
