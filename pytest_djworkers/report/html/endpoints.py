"""The sections of the HTML report: an endpoint with its servers side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_djworkers.record import BurstRecord, LimitOutcome
from pytest_djworkers.report.comparison_details import details
from pytest_djworkers.report.comparison_lines import estimate_of_speed
from pytest_djworkers.report.document import BurstEntry, Document, TestOutcome
from pytest_djworkers.report.grouping import grouped
from pytest_djworkers.report.html.endpoint_plots import looks_of, plots_of, why_no_course
from pytest_djworkers.report.html.functions import TimeByFunction, times_by_function
from pytest_djworkers.report.html.places import anchor_of, word_of
from pytest_djworkers.report.html.plots.looks import Looks
from pytest_djworkers.report.html.plots.plot import Figures, Plot
from pytest_djworkers.report.html.queries import statement_tables
from pytest_djworkers.report.loads import load_line
from pytest_djworkers.report.part_rows import part_cells, stage_cells
from pytest_djworkers.report.reasons import remarks_of_burst
from pytest_djworkers.report.summary import table_of
from pytest_djworkers.report.table import Row, Table
from pytest_djworkers.units import format_change, format_rate


@dataclass(frozen=True, slots=True)
class Cell:
    """An endpoint under one server, in the list of endpoints."""

    server: str
    figure: str
    word: str
    """The verdict, or that it failed; empty without either."""
    is_bad: bool
    """True if its test fails by it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of one test, under all of its servers."""

    anchor: str
    name: str
    test: str
    """The test without its backend."""
    function: str
    """The test's name alone."""
    cells: tuple[Cell, ...]
    """The endpoint under each of its servers, for the list of endpoints."""
    load: str
    """Empty for a comparison, whose windows are among the details."""
    figures: Figures
    """A row for each figure, and a column for each server."""
    parts: tuple[Figures, ...]
    """A table for each server with a row for each part of a mix, or each stage."""
    limits: tuple[tuple[str, LimitOutcome], ...]
    """Each server with its limits."""
    remarks: tuple[tuple[str, str], ...]
    details: tuple[tuple[str, str], ...]
    """Each server with how its comparison was made."""
    times: tuple[TimeByFunction, ...]
    """The functions of each server whose change was explained."""
    statements: tuple[tuple[str, Figures], ...]
    """Each server with its queries in words, and the table of their statements."""
    plots: tuple[Plot, ...]
    notes: tuple[str, ...]
    """The things that the plots can't show, and why."""
    outcomes: tuple[TestOutcome, ...]
    """The outcomes of its tests that have a log or a message."""


def endpoints(document: Document) -> list[Endpoint]:
    """Return the sections, in the order in which the endpoints were first measured."""
    entry_of = {id(entry.record): entry for entry in document.bursts}
    groups = [
        [entry_of[id(record)] for record in members]
        for members in grouped(document.records).values()
    ]
    looks = looks_of(groups)
    return [_endpoint(document, entries, looks) for entries in groups]


def _endpoint(document: Document, entries: Sequence[BurstEntry], looks: Looks) -> Endpoint:
    records = [entry.record for entry in entries]
    first = records[0]
    outcomes = dict.fromkeys(filter(None, map(document.outcome_of, records)))
    return Endpoint(
        anchor_of(first),
        first.result.name,
        f"{first.test.partition('::')[0]}::{first.test_function}",
        first.test_function,
        tuple(map(_cell, records)),
        "" if first.against_base else load_line([first.result.profile.shape]),
        _side_by_side(table_of(document.records), records),
        tuple(_parts(records)),
        tuple((record.backend, limit) for record in records for limit in record.limits),
        tuple(
            (record.backend, remark) for record in records for remark in remarks_of_burst(record)
        ),
        tuple(
            (record.backend, line)
            for record in records
            if record.against_base
            for line in details(record.against_base)
        ),
        tuple(times_by_function(records)),
        tuple(statement_tables(records)),
        tuple(plots_of(entries, looks)),
        tuple(filter(None, [why_no_course(records)])),
        tuple(one for one in outcomes if one.message or one.log),
    )


def _cell(record: BurstRecord) -> Cell:
    """Return the cell: the change if arms were compared, else the requests/s."""
    compared = record.against_base
    estimate = None if compared is None else estimate_of_speed(compared)
    figure = format_change(estimate.ratio) if estimate else format_rate(record.result.rps)
    return Cell(record.backend, figure, word_of(record), bool(record.failures))


def _side_by_side(table: Table, records: Sequence[BurstRecord]) -> Figures:
    """Return the rows of the run's table as columns: a phone has room for two servers."""
    rows = [row for row in table.rows(records) if not row.is_part]
    columns = [column for column in table.columns(records[0]) if column != "backend"]
    lines = [(column, *(row.cells.get(column, "") for row in rows)) for column in columns]
    lines = [line for line in lines if any(line[1:])]
    return Figures(("figure", *_headings(rows)), tuple(lines))


def _parts(records: Sequence[BurstRecord]) -> Iterator[Figures]:
    """Yield a table of the parts of a mix, and one of the stages, for each server."""
    for record in records:
        for kind, cells_of in (("part", part_cells), ("stage", stage_cells)):
            cells = list(cells_of(record.result))
            known = (name for one in cells for name, text in one.figures.items() if text)
            columns = tuple(dict.fromkeys(known))
            rows = tuple(
                (one.title, *(one.figures.get(column, "") for column in columns)) for one in cells
            )
            if rows:
                yield Figures((f"{kind}, {record.backend}", *columns), rows)


def _headings(rows: Sequence[Row]) -> Iterator[str]:
    backend = ""
    for row in rows:
        if row.is_stored:
            # It stands behind the burst that it belongs to.
            yield f"baseline of {backend}"
        else:
            backend = row.cells.get("backend", "")
            yield backend
