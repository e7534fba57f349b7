"""The header and the table at the end, on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import pytest

from pytest_djworkers.backends.protocol import Backend, workers_of
from pytest_djworkers.backends.registry import version_of
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.compare.setup import ComparisonSetup
from pytest_djworkers.printable import printable
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison import title as title_of_comparison
from pytest_djworkers.report.layout import layout_of, notes
from pytest_djworkers.report.outcome import Outcome
from pytest_djworkers.report.table import Row, at_rate, grouped, is_text, words
from pytest_djworkers.settings import Settings
from pytest_djworkers.units import counted, format_duration, format_share

_QUIETEST = -2
_GAP = "  "


def header(
    settings: Settings, baseline: Baseline, comparison_setup: ComparisonSetup | None = None
) -> list[str]:
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
    if comparison_setup is not None:
        return [
            f"djworkers: {where}",
            f"djworkers: {comparison_setup.description}",
            f"djworkers: in rounds, seed {comparison_setup.flags.seed}, tolerance"
            f" {format_share(settings.tolerance)}; of absolute limits,"
            " shares of errors alone are judged",
            *(f"djworkers: {note}" for note in _notes(settings)),
        ]
    lines = [
        f"djworkers: {where}; generator {settings.generator}",
        f"djworkers: bursts of {counted(shape.connections, 'connection')} for"
        f" {format_duration(shape.duration_s)} after {format_duration(shape.warmup_s)} of warm-up,"
        f" timeout {format_duration(shape.timeout_s)}{at_rate(shape)}",
    ]
    lines.extend(f"djworkers: {note}" for note in _notes(settings))
    if settings.flags:
        lines.append(f"djworkers: whatever tests and ini ask for: {' '.join(settings.flags)}")
    if settings.save_baseline:
        lines.append(f"djworkers: saves baseline {settings.baseline!r}")
    elif not baseline.is_empty:
        lines.append(
            f"djworkers: baseline {settings.baseline!r} with {_held(baseline)},"
            f" tolerance {format_share(settings.tolerance)}"
        )
    return lines


def _notes(settings: Settings) -> tuple[str, ...]:
    """What was asked for and can't be seen elsewhere, or can't be had."""
    if settings.settings_module is None:
        return settings.notes
    note = (
        f"the served site's settings are {settings.settings_module}"
        if settings.origin is None
        else f"settings {settings.settings_module} are for servers of this run, which it has none"
        " of: the one at that URL is as it is"
    )
    return (note, *settings.notes)


def _held(baseline: Baseline) -> str:
    """What is stored under a name, in words."""
    held = [counted(len(baseline.bursts), "burst")]
    if elsewhere := len(baseline.elsewhere):
        held.append(f"those of {counted(elsewhere, 'other machine')}")
    if baseline.imported:
        held.append(f"{len(baseline.imported):,} imported")
    return " and ".join(held)


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
            _write(reporter, note, **{color: True})
    for line in outcome.written:
        _write(reporter, f"report: {line}")
    if outcome.saved:
        _write(reporter, f"baseline saved: {outcome.saved}", green=True)
    for title, keys in (
        ("kept as it was", outcome.kept),
        ("begun anew", outcome.begun_anew),
        ("not saved", outcome.not_saved),
    ):
        for key in keys:
            _write(reporter, f"baseline {title}: {key}", yellow=True)
    for problem in outcome.problems:
        _write(reporter, f"djworkers: {problem}", red=True)


def _table(reporter: pytest.TerminalReporter, records: Sequence[BurstRecord]) -> None:
    groups, layout = grouped(records), layout_of(records)
    lines = {
        group: [([_shown(row) for row in layout.rows(one)], words(one)) for one in found]
        for group, found in groups.items()
    }
    every_row = [row for group in lines.values() for rows, _ in group for row in rows]
    title = "djworkers"
    if compared := next((record.against_base for record in records if record.against_base), None):
        title += f": {printable(title_of_comparison(compared))}"
    generators = {record.result.generator.name for record in records}
    window = reporter.config.get_terminal_writer().fullwidth if reporter.isatty else sys.maxsize
    without: set[str] = set()
    for column in ("generator", *layout.first_to_go):
        shown, widths = _columns(layout.columns, every_row, without)
        if sum(widths) + len(_GAP) * len(widths) <= window:
            break
        if column != "generator":
            without.add(column)
        elif len(generators) == 1:
            without.add(column)
            if "generator" in layout.columns:
                title += f", fired by {generators.pop()}"
    columns = layout.columns
    shown, widths = _columns(columns, every_row, without)
    reporter.write_sep("-", title, bold=True)
    _write(reporter, _line(columns, columns, shown, widths), bold=True)
    for group, found in groups.items():
        _write(reporter, f"{group[1]}  ({found[0].test_function})", cyan=True)
        for rows, said in lines[group]:
            for row in rows:
                _write(reporter, _line(columns, row.cells, shown, widths), light=row.is_stored)
            for line in said:
                _write(reporter, f"{_GAP}{_GAP}{line}", yellow=True)


def _columns(
    columns: Sequence[str], every_row: Sequence[Row], without: AbstractSet[str]
) -> tuple[list[int], list[int]]:
    """Which columns have something to say, and how wide they are."""
    shown = [
        index
        for index, column in enumerate(columns)
        if column not in without and any(row.cells[index] for row in every_row)
    ]
    widths = [
        max(len(columns[index]), *(len(row.cells[index]) for row in every_row)) for index in shown
    ]
    return shown, widths


def _line(
    columns: Sequence[str], cells: Sequence[str], shown: Sequence[int], widths: Sequence[int]
) -> str:
    parts = [
        cells[index].ljust(width) if is_text(columns[index]) else cells[index].rjust(width)
        for index, width in zip(shown, widths, strict=True)
    ]
    return (_GAP + _GAP.join(parts)).rstrip()


def _shown(row: Row) -> Row:
    """A row whose cells are as wide as they are long: they may be of a file that anybody wrote."""
    return replace(row, cells=tuple(printable(cell).replace("\n", " ") for cell in row.cells))


def _write(reporter: pytest.TerminalReporter, line: str, **markup: bool) -> None:
    reporter.write_line(printable(line), **markup)
