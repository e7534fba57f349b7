"""The table of a run: its rows as text, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pytest_djworkers.record import BurstRecord

TEXT_COLUMNS = frozenset({"backend", "generator", "remarks", "verdict"})
"""The columns of all tables that hold words; the others hold figures."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    cells: Mapping[str, str]
    """The text by column, in the columns' order; a column that is missing is empty."""
    is_stored: bool = False
    """True for the baseline's figures below those of a burst."""

    def texts(self, columns: Sequence[str]) -> list[str]:
        """Return the text of each of these columns."""
        return [self.cells.get(column, "") for column in columns]


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table. To add a column, add an entry to the cells of its rows."""

    rows: Callable[[BurstRecord], list[Row]]
    """Return a record's rows; the first has all of the table's columns."""
    dropped_when_narrow: tuple[str, ...]
    """The columns that a narrow terminal leaves out, the first to go first."""

    def columns(self, record: BurstRecord) -> list[str]:
        """Return the headings; they are the same for every record of a run."""
        first, *_ = self.rows(record)
        return list(first.cells)
