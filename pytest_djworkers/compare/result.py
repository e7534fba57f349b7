"""What a comparison found: plain, frozen data, JSON both ways."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round, Window, counted_rounds

_THE_WORST_FIRST = (
    Verdict.REGRESSED,
    Verdict.NOT_COMPARED,
    Verdict.INCONCLUSIVE,
    Verdict.IMPROVED,
    Verdict.OK,
)


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """An arm's figures over all rounds that count: medians, and sums of what went wrong."""

    rps: float
    p95_s: float | None
    cpu_per_request_s: float | None
    errors: int
    timeouts: int

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Self:
        """Of an arm's windows; there must be one."""
        return cls(
            median(window.requests / window.window_s for window in windows),
            _median(window.p95_s for window in windows),
            _median(window.cpu_per_request_s for window in windows),
            sum(window.errors for window in windows),
            sum(window.timeouts for window in windows),
        )


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """A comparison of two arms under one request."""

    labels: tuple[str, str]
    """What base and head are, for people."""
    seed: int
    took_s: float
    is_judged: bool = True
    """False for a calibration, which has rounds and no verdict."""
    judgements: tuple[Judgement, ...] = ()
    """One for each figure that was judged, requests/s first; none where nothing could be."""
    not_compared: str = ""
    """Why nothing could be compared, in words."""
    rounds: tuple[Round, ...] = ()
    """All of them as measured, so that a later version can judge them anew."""

    @property
    def verdict(self) -> Verdict | None:
        """The worst of its judgements; None for a calibration."""
        if not self.is_judged:
            return None
        found = {judgement.verdict for judgement in self.judgements}
        return next((one for one in _THE_WORST_FIRST if one in found), Verdict.NOT_COMPARED)

    @property
    def blocks(self) -> int:
        """How many were run."""
        return len({one.block for one in self.rounds})

    @property
    def figures(self) -> tuple[ArmFigures, ArmFigures] | None:
        """Of base and head; None where no round counts."""
        counting = counted_rounds(self.rounds)
        if not counting:
            return None
        return (
            ArmFigures.of([one.base for one in counting]),
            ArmFigures.of([one.head for one in counting]),
        )

    def failures(self, *, strict: bool, limits: Container[Metric] = ()) -> list[str]:
        """Why the test fails by it, a line each; ``strict`` wants a verdict.

        ``limits`` are the figures that the test has a limit on: one that an arm has not passes
        none.
        """
        failing = {Verdict.REGRESSED}
        if strict:
            failing |= {Verdict.INCONCLUSIVE, Verdict.NOT_COMPARED}
        lines = [
            f"{verdict.value}: {reason}" for verdict, reason in self.reasons() if verdict in failing
        ]
        if strict or self.not_compared:
            return lines
        return lines + [
            f"{one.verdict.value}: {one.reason}; so max_regression(metric={one.metric.value!r})"
            " can't pass"
            for one in self.judgements
            if one.verdict is Verdict.NOT_COMPARED and one.without_figure and one.metric in limits
        ]

    def reasons(self) -> list[tuple[Verdict, str]]:
        """Each verdict, and what it rests on in words."""
        if self.not_compared:
            return [(Verdict.NOT_COMPARED, self.not_compared)]
        return [(judgement.verdict, judgement.reason) for judgement in self.judgements]


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
