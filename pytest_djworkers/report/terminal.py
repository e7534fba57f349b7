"""The summary at the end of pytest's output: the table, the notes on it, and the files written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.bisection_lines import FOUND, FOUND_ERRORS
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report.summary import noise_note, notes
from pytest_djworkers.report.terminal_lines import write_wrapped
from pytest_djworkers.report.terminal_table import print_table

_QUIETEST = -2
"""The verbosity of ``-qq``, which leaves the table out."""
_COLORS = {"regressed": "red", "improved": "green", FOUND: "red", FOUND_ERRORS: "red"}


def print_summary(
    reporter: pytest.TerminalReporter, records: Sequence[BurstRecord], outcomes: FileOutcomes
) -> None:
    """Print the table, the notes on it, and the files that were written."""
    if reporter.config.get_verbosity() > _QUIETEST and records:
        print_table(reporter, records)
        for note in notes(records):
            # A note begins with its verdict.
            color = _COLORS.get(note.partition(":")[0], "yellow")
            write_wrapped(reporter, note, **{color: True})
        if noise := noise_note(records):
            write_wrapped(reporter, noise)
    _print_files(reporter, outcomes)


def _print_files(reporter: pytest.TerminalReporter, outcomes: FileOutcomes) -> None:
    for file in outcomes.reports_written:
        write_wrapped(reporter, f"report: {file}")
    for file in outcomes.reports_left_out:
        write_wrapped(reporter, f"report not written, as no load test ran: {file}", yellow=True)
    if outcomes.baseline_saved:
        write_wrapped(reporter, f"baseline saved: {outcomes.baseline_saved}", green=True)
    # Yellow, since the history of these bursts didn't grow.
    for title, bursts in (
        ("kept as it was", outcomes.bursts_kept),
        ("started over", outcomes.bursts_started_over),
        ("not saved", outcomes.bursts_not_saved),
    ):
        for burst in bursts:
            write_wrapped(reporter, f"baseline {title}: {burst}", yellow=True)
    for problem in outcomes.problems:
        write_wrapped(reporter, f"djworkers: {problem}", red=True)
