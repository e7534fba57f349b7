"""The functions that servers spend their time in, in the HTML report: flame graphs and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.function_rows import MOST_FUNCTIONS, function_rows, part_rows
from pytest_djworkers.report.html.flame_figures import FlameFigure, figures_of, figures_of_arm
from pytest_djworkers.report.html.plots.plot import Figures


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
        compared, server = record.against_base, record.backend
        if record.time_spent is not None:
            alone = record.time_spent
            yield from _table(server, figures_of_arm(alone, server), part_rows(alone.parts, alone))
        if compared is not None and (found := compared.explanation) is not None:
            yield from _table(server, figures_of(found, server), function_rows(found.functions))


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
