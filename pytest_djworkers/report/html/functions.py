"""Why head is slower or faster, in the HTML report: flame graphs and functions of each server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.function_rows import MOST_FUNCTIONS, function_rows
from pytest_djworkers.report.html.flame_figures import FlameFigure, figures_of
from pytest_djworkers.report.html.plots.plot import Figures


@dataclass(frozen=True, slots=True)
class TimeByFunction:
    """The functions that one server spends its time in."""

    server: str
    flames: tuple[FlameFigure, ...]
    functions: Figures
    """The largest changes; without rows if no function is known."""
    others: Figures
    """The other functions, for which somebody must click."""


def times_by_function(records: Iterable[BurstRecord]) -> Iterator[TimeByFunction]:
    """Yield the functions of each burst that was explained by stacks."""
    for record in records:
        found = None if record.against_base is None else record.against_base.explanation
        if found is None or not (found.functions or found.cpu_flame.stacks):
            continue
        rows = function_rows(found.functions)
        columns = tuple(one for one in (rows or [{}])[0] if any(row[one] for row in rows))
        cells = [tuple(row[column] for column in columns) for row in rows]
        yield TimeByFunction(
            record.backend,
            tuple(figures_of(found, record.backend)),
            Figures(columns, tuple(cells[:MOST_FUNCTIONS])),
            Figures(columns, tuple(cells[MOST_FUNCTIONS:])),
        )
