"""The tables of SQL statements in the HTML report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.load.query_plan import plan_in_words
from pytest_djworkers.profiling.query_changes import QueryChanges
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.figures import queries_by_part
from pytest_djworkers.report.html.plots.plot import Figures
from pytest_djworkers.report.statement_rows import change_rows, changes_of_burst, times_of
from pytest_djworkers.units import format_duration


def statement_tables(records: Iterable[BurstRecord]) -> Iterator[tuple[str, Figures]]:
    """Yield a summary and the table of statements for each burst whose request ran any; of a mix,
    for each of its parts. Where both are known, it has those of base and of head."""
    for record in records:
        changes = changes_of_burst(record)
        if changes is not None and changes.statements:
            said = f"SQL {changes.total} per request, in {times_of(changes)}"
            yield f"{record.backend}: {said}", _table_of_changes(changes)
        for part, queries in queries_by_part(record.result).items():
            if queries.statements and (changes is None or part not in ("", changes.part)):
                about = ", ".join(filter(None, (record.backend, part)))
                yield f"{about}: {_summary(queries)}", _table(queries)


def _table_of_changes(changes: QueryChanges) -> Figures:
    rows = change_rows(changes.statements)
    of_one_database = len({row["database"] for row in rows}) == 1
    columns = tuple(
        column
        for column in rows[0]
        if any(row[column] for row in rows) and not (column == "database" and of_one_database)
    )
    return Figures(columns, tuple(tuple(row[column] for column in columns) for row in rows))


def _summary(queries: QueryFigures) -> str:
    said = "1 SQL query" if queries.count == 1 else f"{queries.count:,} SQL queries"
    again = f", {queries.duplicates:,} of them repeated" if queries.duplicates else ""
    return f"{said} per request in {format_duration(queries.time_s)}{again}"


def _table(queries: QueryFigures) -> Figures:
    statements = queries.statements
    more = {
        "database": [one.alias for one in statements] if len(queries.by_alias) > 1 else [],
        "plan": [plan_in_words(one.plan) for one in statements],
    }
    more = {column: cells for column, cells in more.items() if any(cells)}
    rows = [
        (*_cells(one), *(cells[number] for cells in more.values()))
        for number, one in enumerate(statements)
    ]
    return Figures(("statement", "times", "time", "ran by", *more), tuple(rows))


def _cells(statement: Statement) -> tuple[str, ...]:
    many = " (executemany)" if statement.many else ""
    return (
        f"{statement.sql}{many}",
        f"{statement.count:,}",
        format_duration(statement.time_s),
        statement.place,
    )
