"""The tables of SQL statements in the HTML report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.figures import queries_by_part
from pytest_djworkers.report.html.plots.plot import Figures
from pytest_djworkers.units import format_duration


def statement_tables(records: Iterable[BurstRecord]) -> Iterator[tuple[str, Figures]]:
    """Yield a summary and the table of statements for each burst whose request ran any; of a mix,
    for each of its parts."""
    for record in records:
        for part, queries in queries_by_part(record.result).items():
            if queries.statements:
                about = ", ".join(filter(None, (record.backend, part)))
                yield f"{about}: {_summary(queries)}", _table(queries)


def _summary(queries: QueryFigures) -> str:
    said = "1 SQL query" if queries.count == 1 else f"{queries.count:,} SQL queries"
    again = f", {queries.duplicates:,} of them repeated" if queries.duplicates else ""
    return f"{said} per request in {format_duration(queries.time_s)}{again}"


def _table(queries: QueryFigures) -> Figures:
    with_alias = len(queries.by_alias) > 1
    columns = ("statement", "times", "time", "ran by", *(["database"] if with_alias else []))
    rows = ((*_cells(one), *([one.alias] if with_alias else [])) for one in queries.statements)
    return Figures(columns, tuple(rows))


def _cells(statement: Statement) -> tuple[str, ...]:
    many = " (executemany)" if statement.many else ""
    return (
        f"{statement.sql}{many}",
        f"{statement.count:,}",
        format_duration(statement.time_s),
        statement.place,
    )
