"""Comparisons with another revision: a table for each verdict, and what is ok folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_cells import cells_of
from pytest_djworkers.report.markdown.blocks import folded, heading, table
from pytest_djworkers.report.markdown.endpoints import endpoint, said_of
from pytest_djworkers.report.standing import Standing, by_standing

_TEXT_COLUMNS = frozenset({"endpoint", "server", "remarks"})


def sections(records: Sequence[BurstRecord]) -> Iterator[list[str]]:
    """Yield a section for each verdict; ``ok`` comes last and is folded."""
    for standing, ones in by_standing(records).items():
        lines = _table_with_reasons(ones)
        if standing is Standing.OK:
            yield folded(f"{len(ones)} ok", lines)
        else:
            yield [*heading(standing.value.capitalize()), *lines]


def _table_with_reasons(records: Sequence[BurstRecord]) -> list[str]:
    rows = [{"endpoint": endpoint(one), "server": one.backend, **cells_of(one)} for one in records]
    said = [
        line for one in records for line in said_of(one, about=f"{endpoint(one)}, {one.backend}")
    ]
    return [*table(rows, text_columns=_TEXT_COLUMNS), *([""] if said else []), *said]
