"""The table on the terminal: an endpoint as a heading, a row for each backend, lines below it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.alignment import GAP, in_a_line
from pytest_djworkers.report.arrangement import Arrangement, arrange
from pytest_djworkers.report.columns import BACKEND
from pytest_djworkers.report.folding import line_of_ok
from pytest_djworkers.report.summary import missed_limits, remarks_below
from pytest_djworkers.report.table import Row
from pytest_djworkers.report.terminal_lines import shown, width_of, write, write_wrapped
from pytest_djworkers.report.verdict_color import color_of

_BELOW = f"{GAP}{GAP}"
_COLORED = ("verdict", "vs baseline")
"""The columns that have the verdict's color."""


def print_table(reporter: pytest.TerminalReporter, records: Sequence[BurstRecord]) -> None:
    """Print the table of a run's records, and what its signs mean; there must be a record."""
    verbosity = reporter.config.get_verbosity()
    arranged = arrange(records, width=width_of(reporter), whole=verbosity > 0)
    _print_title(reporter, shown(arranged.title))
    if arranged.groups:
        _print_groups(reporter, arranged)
    for backend, members in arranged.folded.items():
        write_wrapped(reporter, line_of_ok(backend, members), green=True)
    if verbosity >= 0:
        for line in arranged.explanations(records):
            write_wrapped(reporter, line)


def _print_title(reporter: pytest.TerminalReporter, title: str) -> None:
    """Print the title of the table, in the middle of a line if it has room there."""
    if len(f"- {title} -") <= width_of(reporter):
        reporter.write_sep("-", title, bold=True)
    else:
        write_wrapped(reporter, title, bold=True)


def _print_groups(reporter: pytest.TerminalReporter, arranged: Arrangement) -> None:
    heading, *lines = arranged.columns.cells(arranged.rows)
    write(reporter, f"{GAP}{in_a_line(heading)}", bold=True)
    # All groups are aligned as one table, so the lines are those of the rows, in their order.
    line_of = iter(lines)
    for group in arranged.groups:
        write(reporter, group.heading, cyan=True)
        for row in group.rows:
            if BACKEND in arranged.columns.dropped:
                write(reporter, f"{GAP}{row.cells[BACKEND]}")
            _print_row(reporter, row, heading, next(line_of))
            if figures := arranged.figures_below(row):
                write_wrapped(reporter, f"{_BELOW}{figures}", light=_is_light(row))
            if remarks := arranged.remarks_below(row):
                write_wrapped(reporter, f"{_BELOW}{remarks}", yellow=True)
            _print_about(reporter, row.record)


def _print_row(
    reporter: pytest.TerminalReporter, row: Row, heading: Sequence[str], cells: Sequence[str]
) -> None:
    """Print a row, whose cells are as wide as those of the heading."""
    color = color_of(row.record) if row.record else ""
    painted = [
        _painted(reporter, cell, color) if title.strip() in _COLORED else cell
        for title, cell in zip(heading, cells, strict=True)
    ]
    reporter.write_line(f"{GAP}{in_a_line(painted)}", light=_is_light(row))


def _is_light(row: Row) -> bool:
    """Return True for a row that only adds to that of a burst."""
    return row.is_stored or row.is_part


def _painted(reporter: pytest.TerminalReporter, cell: str, color: str) -> str:
    """Return a cell in a color, its blanks aside."""
    text = cell.strip()
    if not text or not color:
        return cell
    writer = reporter.config.get_terminal_writer()
    return cell.replace(text, writer.markup(text, **{color: True}))


def _print_about(reporter: pytest.TerminalReporter, record: BurstRecord | None) -> None:
    """Print what stands below a record's row: limits that it missed, and remarks on it."""
    if record is None:
        return
    for missed in missed_limits(record):
        write_wrapped(reporter, f"{_BELOW}{missed}", red=True)
    with_details = reporter.config.get_verbosity() > 0
    for remark in remarks_below(record, with_details=with_details):
        write_wrapped(reporter, f"{_BELOW}{remark}", yellow=True)
