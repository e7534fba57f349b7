"""The header and the table at the end, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_djworkers.backends.registry import known, version_of
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.outcome import Outcome
from pytest_djworkers.report.table import COLUMNS, Row, grouped, is_text, notes, rows
from pytest_djworkers.settings import Settings
from pytest_djworkers.units import format_duration, format_share

_QUIETEST = -2


def header(settings: Settings, baseline: Baseline) -> list[str]:
    """What will be measured, and how."""
    backends = ", ".join(f"{name} {version_of(known(name))}" for name in settings.backends)
    shape = settings.shape
    lines = [
        f"djworkers: {backends}; {settings.workers} workers each; generator {settings.generator}",
        f"djworkers: bursts of {shape.connections:,} connections for"
        f" {format_duration(shape.duration_s)} after {format_duration(shape.warmup_s)} of warm-up,"
        f" timeout {format_duration(shape.timeout_s)}",
    ]
    for name, value in settings.shape_flags.items():
        lines.append(f"djworkers: --djworkers-{name}={value:g} overrides what tests and ini say")
    if baseline.bursts and not settings.save_baseline:
        lines.append(
            f"djworkers: baseline {settings.baseline!r} with {len(baseline.bursts)} bursts,"
            f" tolerance {format_share(settings.tolerance)}"
        )
    return lines


def summary(
    reporter: pytest.TerminalReporter, records: Sequence[BurstRecord], outcome: Outcome
) -> None:
    """The table, grouped by endpoint, and what must be said below it."""
    if reporter.config.get_verbosity() > _QUIETEST and records:
        reporter.section("djworkers", sep="-", bold=True)
        _table(reporter, records)
        for note in notes(records):
            color = {"regressed": "red", "improved": "green"}.get(note.partition(":")[0], "yellow")
            reporter.write_line(note, **{color: True})
    for line in outcome.written:
        reporter.write_line(f"report: {line}")
    if outcome.saved:
        reporter.write_line(f"baseline saved: {outcome.saved}", green=True)
    for title, keys in (("kept as it was", outcome.kept), ("not saved", outcome.not_saved)):
        for key in keys:
            reporter.write_line(f"baseline {title}: {key}", yellow=True)
    for problem in outcome.problems:
        reporter.write_line(f"djworkers: {problem}", red=True)


def _table(reporter: pytest.TerminalReporter, records: Sequence[BurstRecord]) -> None:
    groups = grouped(records)
    lines = {group: [row for one in found for row in rows(one)] for group, found in groups.items()}
    shown = _shown_columns([row for group in lines.values() for row in group])
    widths = [
        max(
            len(COLUMNS[index]),
            *(len(row.cells[index]) for group in lines.values() for row in group),
        )
        for index in shown
    ]
    reporter.write_line(_line(COLUMNS, shown, widths), bold=True)
    for group, found in groups.items():
        reporter.write_line(f"{group[1]}  ({found[0].test_function})", cyan=True)
        for row in lines[group]:
            reporter.write_line(_line(row.cells, shown, widths), light=row.is_stored)


def _shown_columns(every_row: Sequence[Row]) -> list[int]:
    return [
        index
        for index, column in enumerate(COLUMNS)
        if column != "vs baseline" or any(row.cells[index] for row in every_row)
    ]


def _line(cells: Sequence[str], shown: Sequence[int], widths: Sequence[int]) -> str:
    parts = [
        cells[index].ljust(width) if is_text(COLUMNS[index]) else cells[index].rjust(width)
        for index, width in zip(shown, widths, strict=True)
    ]
    return ("  " + "  ".join(parts)).rstrip()
