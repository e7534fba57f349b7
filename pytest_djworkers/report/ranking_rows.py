"""The rows of a run that compared backends with the first one: a ranking for each endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from pytest_djworkers.legend import Sign
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_lines import judgement_of_speed
from pytest_djworkers.report.comparison_rows import (
    BELOW_WHEN_NARROW,
    DROPPED_WHEN_NARROW,
    compared_of,
    shared_cells,
    signs,
)
from pytest_djworkers.report.figures import UNKNOWN
from pytest_djworkers.report.table import Row, Table
from pytest_djworkers.units import before_and_after, format_rate
from pytest_djworkers.verdict.judgement import Verdict

_CERTAIN = {Verdict.REGRESSED, Verdict.IMPROVED}


def rows(records: Sequence[BurstRecord]) -> list[Row]:
    """Return the rows of one endpoint: the fastest backend first, those without a rank last.

    Backends that can't be told apart share a rank, which then has an equals sign: ``2=``.
    """
    entries = [_first(records), *map(_entry, records)]
    ranked = sorted((one for one in entries if one.ratio), key=lambda one: -one.ratio)
    columns = list(shared_cells(records[0]))
    return [
        *(one.row(rank, columns) for one, rank in zip(ranked, _ranks(ranked), strict=True)),
        *(one.row("", columns) for one in entries if not one.ratio),
    ]


RANKING = Table(rows, DROPPED_WHEN_NARROW, BELOW_WHEN_NARROW, is_ranking=True)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A backend in the ranking of one endpoint."""

    backend: str
    ratio: float
    """Its requests/s over those of the first backend; 0 if it is not known."""
    interval: tuple[float, float]
    requests_per_s: str
    record: BurstRecord | None = None
    """None for the first backend, which is a part of every comparison."""

    def row(self, rank: str, columns: Iterable[str]) -> Row:
        """Return the row of this backend; ``columns`` are those of a comparison."""
        names = {"rank": rank, "backend": self.backend, "requests/s": self.requests_per_s}
        rank_signs = {"rank": [Sign.SHARED_RANK] if "=" in rank else []}
        if self.record is None:
            # An empty cell in each column: the first row of a table has all of them.
            return Row({**names, **dict.fromkeys(columns, "")}, signs=rank_signs)
        cells, found = shared_cells(self.record), {**signs(self.record), **rank_signs}
        return Row({**names, **cells}, record=self.record, signs=found)


def _first(records: Sequence[BurstRecord]) -> _Entry:
    """Return the entry of the backend that all others are compared with."""
    measured = [
        compared.figures[0].rps
        for compared in map(compared_of, records)
        if compared.figures is not None
    ]
    speed = format_rate(median(measured)) if measured else UNKNOWN
    return _Entry(compared_of(records[0]).labels[0], 1.0, (1.0, 1.0), speed)


def _entry(record: BurstRecord) -> _Entry:
    compared = compared_of(record)
    figures, judgement = compared.figures, judgement_of_speed(compared)
    # Both figures, since the first backend is measured anew beside each of the others.
    speed = (
        before_and_after(*(format_rate(one.rps) for one in figures))
        if figures
        else format_rate(record.result.rps)
    )
    if judgement is None or judgement.estimate is None:
        return _Entry(record.backend, 0.0, (0.0, 0.0), speed, record)
    low, high = judgement.estimate.interval
    if judgement.verdict not in _CERTAIN:
        # Until a difference from the first backend is certain, the two share a rank.
        low, high = min(low, 1.0), max(high, 1.0)
    return _Entry(record.backend, judgement.estimate.ratio, (low, high), speed, record)


def _ranks(entries: Sequence[_Entry]) -> Iterator[str]:
    """Yield the ranks of entries in their order: those that overlap with a leader share its."""
    done = 0
    while done < len(entries):
        leader, *others = entries[done:]
        alike = 1
        for other in others:
            if other.interval[1] < leader.interval[0]:
                break
            alike += 1
        yield from [f"{done + 1}{'=' if alike > 1 else ''}"] * alike
        done += alike
