"""The table of a run in the room that there is: its rows, its columns, and what gives way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.columns import (
    BACKEND,
    GENERATOR,
    REMARKS,
    Columns,
    columns_that_fit,
)
from pytest_djworkers.report.comparison_rows import title as title_of_comparison
from pytest_djworkers.report.explanations import explanations
from pytest_djworkers.report.folding import split_off_ok
from pytest_djworkers.report.grouping import grouped
from pytest_djworkers.report.summary import table_of
from pytest_djworkers.report.table import Row, Table
from pytest_djworkers.report.terminal_lines import shown
from pytest_djworkers.report.worst_first import worst_first


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of an endpoint."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A table as it is printed."""

    title: str
    groups: tuple[Group, ...]
    columns: Columns
    below: tuple[str, ...]
    """The columns without room whose cells stand below their rows."""
    folded: Mapping[str, Sequence[BurstRecord]]
    """The records without a row, by backend: a comparison was ``ok``, and no more is to be said."""

    @property
    def rows(self) -> list[Row]:
        """The rows of all endpoints."""
        return [row for group in self.groups for row in group.rows]

    def explanations(self, records: Sequence[BurstRecord]) -> list[str]:
        """Return the meanings of the signs that are shown."""
        return explanations(self.rows, [*self.columns.shown, *self.below], records)

    def figures_below(self, row: Row) -> str:
        """Return the figures of a row that have no room in it, each with its heading."""
        figures = [one for one in self.below if one != REMARKS and row.cells.get(one)]
        return ", ".join(f"{one} {row.cells[one]}" for one in figures)

    def remarks_below(self, row: Row) -> str:
        """Return the remarks of a row that have no room in it."""
        return row.cells.get(REMARKS, "") if REMARKS in self.below else ""


def arrange(records: Sequence[BurstRecord], *, width: int, whole: bool) -> Arrangement:
    """Return the table of records for this width in characters; there must be a record.

    If it is to be whole, nothing is folded, and all that has no room in a row stands below it.
    """
    table = table_of(records)
    ordered = worst_first(records) if table.worst_first else records
    folds = table.worst_first and not whole
    with_row, folded = split_off_ok(ordered) if folds else (ordered, {})
    groups = tuple(_groups(table, with_row))
    columns = columns_that_fit(
        table.columns(records[0]),
        [row for group in groups for row in group.rows],
        width=width,
        # The names of the backends may be long.
        to_drop=(*table.dropped_when_narrow, BACKEND, *table.below_when_narrow),
    )
    generators = {record.result.generator.name for record in records}
    always = {REMARKS, *table.below_when_narrow}
    # One generator for all is named in the title instead.
    if len(generators) > 1:
        always.add(GENERATOR)
    below = tuple(one for one in columns.dropped if one != BACKEND and (whole or one in always))
    title = _title(records, generators if GENERATOR in columns.dropped else ())
    return Arrangement(title, groups, columns, below, folded)


def _groups(table: Table, records: Sequence[BurstRecord]) -> Iterator[Group]:
    for (_, name), members in grouped(records).items():
        rows = (_in_one_line(row) for row in table.rows(members))
        yield Group(f"{name}  ({members[0].test_function})", tuple(rows))


def _in_one_line(row: Row) -> Row:
    """Return a row that takes one line and gives the terminal no orders.

    Its cells may be from a file that anybody wrote.
    """
    cells = {column: shown(cell).replace("\n", " ") for column, cell in row.cells.items()}
    return replace(row, cells=cells)


def _title(records: Sequence[BurstRecord], unseen_generators: Collection[str]) -> str:
    compared = next((record.against_base for record in records if record.against_base), None)
    about = f": {title_of_comparison(compared)}" if compared else ""
    fired_by = f", fired by {', '.join(unseen_generators)}" if len(unseen_generators) == 1 else ""
    return f"djworkers{about}{fired_by}"
