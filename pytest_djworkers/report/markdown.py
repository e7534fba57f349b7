"""The table as Markdown, in the layout of a wrk notebook: a section a server, a heading an
endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison import title as title_of_comparison
from pytest_djworkers.report.layout import Layout, layout_of, notes
from pytest_djworkers.report.markdown_text import escaped
from pytest_djworkers.report.outcome import Outcome
from pytest_djworkers.report.table import at_rate, is_text, words
from pytest_djworkers.system.files import write_whole
from pytest_djworkers.units import format_duration


def write(file: Path, records: Sequence[BurstRecord], outcome: Outcome) -> None:
    """Write the report, whole or not at all. Raises OSError."""
    try:
        write_whole(file, render(records))
    except OSError as error:
        raise OSError(f"report {file} can't be written: {error.strerror}") from error
    outcome.written.append(str(file))


def render(records: Sequence[BurstRecord]) -> str:
    """The report's text."""
    lines, layout = ["# Load under real worker backends"], layout_of(records)
    servers = {record.backend: record.result.server for record in records}
    for backend, server in servers.items():
        lines += ["", f"## {escaped(backend)}"]
        if server is not None:
            options = ", ".join(f"{key} {value}" for key, value in server.options.items())
            version = f"Version {server.version}, {server.workers} workers, {options}."
            lines += ["", escaped(version)]
        for record in records:
            if record.backend == backend:
                lines += ["", *_burst(record, layout)]
    if remarks := notes(records):
        lines += ["", "## Notes", "", *(f"- {escaped(note)}" for note in remarks)]
    return "\n".join(lines) + "\n"


def _burst(record: BurstRecord, layout: Layout) -> list[str]:
    columns = layout.columns
    indices = [index for index, column in enumerate(columns) if column != "backend"]
    lines = [
        f"### {escaped(record.result.name)}",
        "",
        f"{escaped(_load(record))} ({escaped(record.test)})",
        "",
        _row([columns[index] for index in indices]),
        _row(["---" if is_text(columns[index]) else "---:" for index in indices]),
    ]
    for row in layout.rows(record):
        cells = [escaped(row.cells[index]) for index in indices]
        if row.is_stored:
            cells[0] = "baseline"
        lines.append(_row(cells))
    for line in words(record):
        lines += ["", escaped(line)]
    return lines


def _load(record: BurstRecord) -> str:
    """What was fired, and how."""
    shape, generator = record.result.profile.shape, record.result.generator
    connections = f"{shape.connections:,} connections"
    if record.against_base is not None:
        return f"{connections}; {title_of_comparison(record.against_base)}"
    return (
        f"{connections}, {format_duration(shape.duration_s)}, timeout"
        f" {format_duration(shape.timeout_s)}{at_rate(shape)}; {generator.name} {generator.version}"
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
