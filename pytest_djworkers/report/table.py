"""The table of a run: its rows as text, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_djworkers.legend import Sign
from pytest_djworkers.record import BurstRecord

TEXT_COLUMNS = frozenset({"rank", "backend", "generator", "remarks", "verdict"})
"""The columns of all tables that hold words; the others hold figures."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    cells: Mapping[str, str]
    """The text by column, in the columns' order; a column that is missing is empty."""
    is_stored: bool = False
    """True for the baseline's figures below those of a burst."""
    is_part: bool = False
    """True for the figures of a part of a mix, or of a stage, below those of the burst."""
    record: BurstRecord | None = None
    """The record that this row shows; None for figures that are not a record's."""
    signs: Mapping[str, Sequence[Sign]] = field(default_factory=dict)
    """The signs in the cells, by column."""

    def texts(self, columns: Sequence[str]) -> list[str]:
        """Return the text of each of these columns."""
        return [self.cells.get(column, "") for column in columns]


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table. To add a column, add an entry to the cells of its rows."""

    rows: Callable[[Sequence[BurstRecord]], list[Row]]
    """Return the rows of an endpoint's records; the first has all of the table's columns."""
    dropped_when_narrow: tuple[str, ...]
    """The columns that a narrow terminal leaves out, the first to go first."""
    below_when_narrow: tuple[str, ...] = ()
    """The columns that stand below their rows on a terminal that is too narrow even then,
    the first to go first."""
    is_ranking: bool = False
    """True if the rows of an endpoint are in an order, so that they must stand together."""
    worst_first: bool = False
    """True if the worst verdict comes first, and those that are ``ok`` may share a line."""

    def columns(self, record: BurstRecord) -> list[str]:
        """Return the headings; they are the same for every record of a run."""
        first, *_ = self.rows([record])
        return list(first.cells)
