"""The columns of a table for which there is room, and those that give way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_djworkers.report.alignment import GAP, align, pad
from pytest_djworkers.report.table import TEXT_COLUMNS, Row

BACKEND = "backend"
REMARKS = "remarks"
GENERATOR = "generator"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table, split by the room that there is."""

    shown: tuple[str, ...]
    dropped: tuple[str, ...]
    """The columns for which the table has no room, in their order."""

    def cells(self, rows: Sequence[Row]) -> list[list[str]]:
        """Return the heading's cells and those of each row, all as wide as their column."""
        texts = [list(self.shown), *(row.texts(self.shown) for row in rows)]
        return pad(texts, text_columns=TEXT_COLUMNS)


def columns_that_fit(
    all_columns: Sequence[str], rows: Sequence[Row], *, width: int, to_drop: Sequence[str]
) -> Columns:
    """Return the columns for which a width in characters is enough.

    Those of ``to_drop`` give way, in their order; if that is not enough, the lines are too wide.
    """
    shown = list(all_columns)
    for column in to_drop:
        if _width(shown, rows) <= width:
            break
        if column in shown:
            shown.remove(column)
    dropped = [column for column in all_columns if column not in shown]
    return Columns(tuple(shown), tuple(dropped))


def _width(columns: Sequence[str], rows: Sequence[Row]) -> int:
    lines = align([columns, *(row.texts(columns) for row in rows)], text_columns=TEXT_COLUMNS)
    return max(map(len, lines), default=0) + len(GAP)
