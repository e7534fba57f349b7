"""Comparisons with another revision: a table for each verdict, and what is ok folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_cells import cells_of
from pytest_djworkers.report.function_rows import (
    MOST_FUNCTIONS,
    TEXT_OF_FUNCTIONS,
    function_rows,
)
from pytest_djworkers.report.markdown.blocks import folded, heading, table
from pytest_djworkers.report.markdown.endpoints import endpoint, said_of
from pytest_djworkers.report.measured_stacks import graphs_of
from pytest_djworkers.report.standing import Standing, by_standing
from pytest_djworkers.report.statement_rows import change_rows, changes_of_burst

_TEXT_COLUMNS = frozenset({"endpoint", "server", "remarks"})
_TEXT_OF_STATEMENTS = frozenset({"statement", "ran by", "database", "plan"})
_MOST_STATEMENTS = 20


def sections(records: Sequence[BurstRecord]) -> Iterator[list[str]]:
    """Yield a section for each verdict, ``ok`` folded as the last; then the functions of changes,
    a section each, since a comment may lack the room for them."""
    for standing, ones in by_standing(records).items():
        lines = _table_with_reasons(ones)
        if standing is Standing.OK:
            yield folded(f"{len(ones)} ok", lines)
        else:
            yield [*heading(standing.value.capitalize()), *lines]
    yield from filter(None, map(_changed_functions, records))


def _table_with_reasons(records: Sequence[BurstRecord]) -> list[str]:
    rows = [{"endpoint": endpoint(one), "server": one.backend, **cells_of(one)} for one in records]
    said = [
        line for one in records for line in said_of(one, about=f"{endpoint(one)}, {one.backend}")
    ]
    changed = [line for one in records for line in ("", *_changed_statements(one))][1:]
    return [
        *table(rows, text_columns=_TEXT_COLUMNS),
        *([""] if said else []),
        *said,
        *([""] if any(changed) else []),
        *changed,
    ]


def _changed_functions(record: BurstRecord) -> list[str]:
    """Return a folded table of the functions whose time differs most; nothing if none is known."""
    found = None if record.against_base is None else record.against_base.explanation
    if found is None or not found.functions or not graphs_of(found):
        return []
    rows = function_rows(found.functions[:MOST_FUNCTIONS])
    return folded(
        f"{endpoint(record)}, {record.backend}: time per request by function",
        table(rows, text_columns=TEXT_OF_FUNCTIONS),
    )


def _changed_statements(record: BurstRecord) -> list[str]:
    """Return a folded table of the statements that differ from base's; nothing if none does."""
    changes = changes_of_burst(record)
    changed = [one for one in changes.statements if one.is_worth_saying] if changes else []
    if not changes or not changed:
        return []
    rows = change_rows(changed[:_MOST_STATEMENTS])
    if len({row["database"] for row in rows}) == 1:
        rows = [{**row, "database": ""} for row in rows]
    summary = f"{endpoint(record)}, {record.backend}: {changes.total}"
    return folded(summary, table(rows, text_columns=_TEXT_OF_STATEMENTS))
