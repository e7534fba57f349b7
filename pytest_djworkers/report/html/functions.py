"""The functions that servers spend their time in, in the HTML report: flame graphs and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_djworkers.profiling.explanation import Explanation
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.function_rows import MOST_FUNCTIONS, function_rows, part_rows
from pytest_djworkers.report.html.flame_figures import FlameFigure, figures_of, figures_of_arm
from pytest_djworkers.report.html.plots.plot import Figures
from pytest_djworkers.report.measured_stacks import graphs_of, profiles_of


@dataclass(frozen=True, slots=True)
class TimeByFunction:
    """The functions that one server spends its time in."""

    server: str
    flames: tuple[FlameFigure, ...]
    functions: Figures
    """The largest times or changes."""
    others: Figures
    """The other functions, for which somebody must click."""


def times_by_function(records: Iterable[BurstRecord]) -> Iterator[TimeByFunction]:
    """Yield the functions of each burst and each comparison whose stacks were sampled."""
    for record in records:
        server = record.backend
        for found in profiles_of(record):
            if not graphs_of(found):
                continue
            if isinstance(found, Explanation):
                flames, rows = figures_of(found, server), function_rows(found.functions)
            else:
                flames, rows = figures_of_arm(found, server), part_rows(found.parts, found)
            yield from _table(server, flames, rows)


def _table(
    server: str, flames: Iterable[FlameFigure], rows: Sequence[Mapping[str, str]]
) -> Iterator[TimeByFunction]:
    """Yield the graphs and the table, without columns that are empty; nothing without rows."""
    if rows:
        columns = tuple(one for one in rows[0] if any(row[one] for row in rows))
        cells = [tuple(row[column] for column in columns) for row in rows]
        yield TimeByFunction(
            server,
            tuple(flames),
            Figures(columns, tuple(cells[:MOST_FUNCTIONS])),
            Figures(columns, tuple(cells[MOST_FUNCTIONS:])),
        )
