"""The table at the end of pytest's output, and the lines below it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import wrap

import pytest

from pytest_djworkers.printable import printable
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.alignment import GAP, align
from pytest_djworkers.report.comparison_rows import title as title_of_comparison
from pytest_djworkers.report.figures import with_arrows_for
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report.summary import (
    grouped,
    noise_note,
    notes,
    remarks_below,
    table_of,
)
from pytest_djworkers.report.table import TEXT_COLUMNS, Row, Table

_QUIETEST = -2
"""The verbosity of ``-qq``, which leaves the table out."""
_COLORS = {"regressed": "red", "improved": "green"}
_NARROWEST = 40
"""The least width that lines are broken for."""


def print_summary(
    reporter: pytest.TerminalReporter, records: Sequence[BurstRecord], outcomes: FileOutcomes
) -> None:
    """Print the table, the notes on it, and the files that were written."""
    if reporter.config.get_verbosity() > _QUIETEST and records:
        _print_table(reporter, records)
        for note in notes(records):
            # A note begins with its verdict.
            color = _COLORS.get(note.partition(":")[0], "yellow")
            _write_wrapped(reporter, note, **{color: True})
        if noise := noise_note(records):
            _write_wrapped(reporter, noise)
    _print_files(reporter, outcomes)


def _print_files(reporter: pytest.TerminalReporter, outcomes: FileOutcomes) -> None:
    for file in outcomes.reports_written:
        _write(reporter, f"report: {file}")
    if outcomes.baseline_saved:
        _write(reporter, f"baseline saved: {outcomes.baseline_saved}", green=True)
    # Yellow, since the history of these bursts didn't grow.
    for title, bursts in (
        ("kept as it was", outcomes.bursts_kept),
        ("started over", outcomes.bursts_started_over),
        ("not saved", outcomes.bursts_not_saved),
    ):
        for burst in bursts:
            _write(reporter, f"baseline {title}: {burst}", yellow=True)
    for problem in outcomes.problems:
        _write(reporter, f"djworkers: {problem}", red=True)


def _print_table(reporter: pytest.TerminalReporter, records: Sequence[BurstRecord]) -> None:
    table, groups = table_of(records), grouped(records)
    rows = {
        group: [_shown(row) for row in table.rows(members)] for group, members in groups.items()
    }
    every_row = [row for group in rows.values() for row in group]
    title = "djworkers"
    if compared := next((record.against_base for record in records if record.against_base), None):
        title += f": {printable(title_of_comparison(compared))}"
    columns = _columns_that_fit(reporter, table, records, every_row)
    if "generator" in table.columns(records[0]) and "generator" not in columns:
        title += f", fired by {records[0].result.generator.name}"
    heading, *lines = _lines(columns, every_row)
    reporter.write_sep("-", title, bold=True)
    _write(reporter, heading, bold=True)
    # All groups are aligned as one table, so the lines are those of the rows, in their order.
    line_of = iter(lines)
    for group, members in groups.items():
        _write(reporter, f"{group[1]}  ({members[0].test_function})", cyan=True)
        for row in rows[group]:
            _write(reporter, next(line_of), light=row.is_stored)
            if row.record is not None:
                with_details = reporter.config.get_verbosity() > 0
                for remark in remarks_below(row.record, with_details=with_details):
                    _write_wrapped(reporter, f"{GAP}{GAP}{remark}", yellow=True)


def _columns_that_fit(
    reporter: pytest.TerminalReporter,
    table: Table,
    records: Sequence[BurstRecord],
    rows: Sequence[Row],
) -> list[str]:
    """Return the columns for which the terminal is wide enough; a file takes all of them."""
    columns = table.columns(records[0])
    if not reporter.isatty:
        return columns
    width = reporter.config.get_terminal_writer().fullwidth
    # The name of a run's only generator takes less room in the title than in a column.
    has_one_generator = len({record.result.generator.name for record in records}) == 1
    to_drop = [*(["generator"] if has_one_generator else []), *table.dropped_when_narrow]
    for dropped in to_drop:
        if max(map(len, _lines(columns, rows))) <= width:
            break
        columns = [column for column in columns if column != dropped]
    return columns


def _lines(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    texts = [columns, *(row.texts(columns) for row in rows)]
    return [f"{GAP}{line}" for line in align(texts, text_columns=TEXT_COLUMNS)]


def _shown(row: Row) -> Row:
    """Return a row that takes one line and gives the terminal no orders.

    Its cells may be from a file that anybody wrote.
    """
    cells: Mapping[str, str] = {
        column: _with_known_arrows(printable(cell).replace("\n", " "))
        for column, cell in row.cells.items()
    }
    return replace(row, cells=cells)


def _with_known_arrows(text: str) -> str:
    # pytest doesn't capture while it prints the summary, so this is the terminal's own stream.
    return with_arrows_for(getattr(sys.stdout, "encoding", None), text)


def _write(reporter: pytest.TerminalReporter, line: str, **markup: bool) -> None:
    reporter.write_line(_with_known_arrows(printable(line)), **markup)


def _write_wrapped(reporter: pytest.TerminalReporter, line: str, **markup: bool) -> None:
    """Write a line of words, broken between words where the terminal is too narrow for it.

    A file gets it in one line, to be searched.
    """
    text = _with_known_arrows(printable(line))
    if reporter.isatty:
        indent = " " * (len(text) - len(text.lstrip()))
        width = reporter.config.get_terminal_writer().fullwidth
        text = "\n".join(
            wrapped
            for part in text.splitlines()
            for wrapped in wrap(
                part,
                max(width, _NARROWEST),
                subsequent_indent=f"{indent}{GAP}",
                # A path or a test's name stays whole, to be copied.
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    reporter.write_line(text, **markup)
