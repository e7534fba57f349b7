"""The header and the table at the end, on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import pytest

from pytest_djworkers.backends.protocol import Backend, workers_of
from pytest_djworkers.backends.registry import version_of
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.outcome import Outcome
from pytest_djworkers.report.table import COLUMNS, Row, at_rate, grouped, is_text, notes, rows
from pytest_djworkers.settings import Settings
from pytest_djworkers.units import counted, format_duration, format_share

_QUIETEST = -2
_GAP = "  "
_FIRST_TO_GO = ("memory", "CPU/req.")
"""What a narrow window has no room for."""


def header(settings: Settings, baseline: Baseline) -> list[str]:
    """What will be measured, and how."""
    if settings.origin is None:
        backends = ", ".join(
            _in_header(name, backend, settings.workers)
            for name, backend in settings.backends.items()
        )
        where = f"{backends}; {counted(settings.workers, 'worker')} each"
    else:
        where = f"the server at http://{settings.origin.netloc}, as it is"
    shape, _ = settings.shape_for({}, {})
    lines = [
        f"djworkers: {where}; generator {settings.generator}",
        f"djworkers: bursts of {counted(shape.connections, 'connection')} for"
        f" {format_duration(shape.duration_s)} after {format_duration(shape.warmup_s)} of warm-up,"
        f" timeout {format_duration(shape.timeout_s)}{at_rate(shape)}",
    ]
    lines.extend(f"djworkers: {note}" for note in settings.notes)
    if settings.flags:
        lines.append(f"djworkers: whatever tests and ini ask for: {' '.join(settings.flags)}")
    if settings.save_baseline:
        lines.append(f"djworkers: saves baseline {settings.baseline!r}")
    elif baseline.bursts:
        held = counted(len(baseline.bursts), "burst")
        lines.append(
            f"djworkers: baseline {settings.baseline!r} with {held},"
            f" tolerance {format_share(settings.tolerance)}"
        )
    return lines


def _in_header(name: str, backend: Backend, workers: int) -> str:
    """A backend with its version, and its workers where it has not as many as the others."""
    own = workers_of(backend, workers)
    unlike = f" ({counted(own, 'worker')})" if own != workers else ""
    return f"{name} {version_of(backend)}{unlike}"


def summary(
    reporter: pytest.TerminalReporter, records: Sequence[BurstRecord], outcome: Outcome
) -> None:
    """The table, grouped by endpoint, and what must be said below it."""
    if reporter.config.get_verbosity() > _QUIETEST and records:
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
    every_row = [row for group in lines.values() for row in group]
    title = "djworkers"
    generators = {record.result.generator.name for record in records}
    window = reporter.config.get_terminal_writer().fullwidth if reporter.isatty else sys.maxsize
    without: set[str] = set()
    for column in ("generator", *_FIRST_TO_GO):
        shown, widths = _columns(every_row, without)
        if sum(widths) + len(_GAP) * len(widths) <= window:
            break
        if column != "generator":
            without.add(column)
        elif len(generators) == 1:
            without.add(column)
            title += f", fired by {generators.pop()}"
    shown, widths = _columns(every_row, without)
    reporter.write_sep("-", title, bold=True)
    reporter.write_line(_line(COLUMNS, shown, widths), bold=True)
    for group, found in groups.items():
        reporter.write_line(f"{group[1]}  ({found[0].test_function})", cyan=True)
        for row in lines[group]:
            reporter.write_line(_line(row.cells, shown, widths), light=row.is_stored)


def _columns(every_row: Sequence[Row], without: AbstractSet[str]) -> tuple[list[int], list[int]]:
    """Which columns have something to say, and how wide they are."""
    shown = [
        index
        for index, column in enumerate(COLUMNS)
        if column not in without and any(row.cells[index] for row in every_row)
    ]
    widths = [
        max(len(COLUMNS[index]), *(len(row.cells[index]) for row in every_row)) for index in shown
    ]
    return shown, widths


def _line(cells: Sequence[str], shown: Sequence[int], widths: Sequence[int]) -> str:
    parts = [
        cells[index].ljust(width) if is_text(COLUMNS[index]) else cells[index].rjust(width)
        for index, width in zip(shown, widths, strict=True)
    ]
    return (_GAP + _GAP.join(parts)).rstrip()
