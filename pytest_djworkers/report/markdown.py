"""The report in Markdown: a section for each backend, with a table for each of its bursts.

The layout is that of the notebooks in which people keep what wrk printed.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_rows import title as title_of_comparison
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.figures import format_fixed_rate
from pytest_djworkers.report.grouping import grouped
from pytest_djworkers.report.markdown_text import escaped
from pytest_djworkers.report.summary import (
    noise_note,
    notes,
    remarks_below,
    table_of,
)
from pytest_djworkers.report.table import TEXT_COLUMNS, Table
from pytest_djworkers.units import format_duration


def render(document: Document) -> str:
    """Return the report's text."""
    records = document.records
    lines, table = ["# Load under real worker backends"], table_of(records)
    # Each burst has a server of its own; those of one backend differ in nothing that is shown here.
    servers = {record.backend: record.result.server for record in records}
    for backend, server in servers.items():
        lines += ["", f"## {escaped(backend)}"]
        if server is not None:
            options = ", ".join(f"{key} {value}" for key, value in server.options.items())
            version = f"Version {server.version}, {server.workers} workers, {options}."
            lines += ["", escaped(version)]
        for record in records:
            if record.backend == backend and not table.is_ranking:
                lines += ["", *_endpoint([record], table)]
    if table.is_ranking:
        lines += ["", "## Ranking"]
        for members in grouped(records).values():
            lines += ["", *_endpoint(members, table)]
    if remarks := [*notes(records), *filter(None, [noise_note(records)])]:
        lines += ["", "## Notes", "", *(f"- {escaped(note)}" for note in remarks)]
    return "\n".join(lines) + "\n"


def _endpoint(records: Sequence[BurstRecord], table: Table) -> list[str]:
    record = records[0]
    # The section's heading names the backend, except in a ranking.
    columns = [
        column for column in table.columns(record) if table.is_ranking or column != "backend"
    ]
    lines = [
        f"### {escaped(record.result.name)}",
        "",
        f"{escaped(_load(record))} ({escaped(record.test)})",
        "",
        _row(columns),
        _row(["---" if column in TEXT_COLUMNS else "---:" for column in columns]),
    ]
    rows = table.rows(records)
    for row in rows:
        cells = [escaped(cell) for cell in row.texts(columns)]
        if row.is_stored:
            # The backend's column, which names the baseline on the terminal, is left out here.
            cells[0] = "baseline"
        lines.append(_row(cells))
    for remarked in (row.record for row in rows if row.record is not None):
        about = f"{remarked.backend}: " if table.is_ranking else ""
        for remark in remarks_below(remarked, with_details=True):
            lines += ["", escaped(f"{about}{remark}")]
    return lines


def _load(record: BurstRecord) -> str:
    """Return the load in a line: connections, times and generator, or the arms compared."""
    shape, generator = record.result.profile.shape, record.result.generator
    connections = f"{shape.connections:,} connections"
    if record.against_base is not None:
        return f"{connections}; {title_of_comparison(record.against_base)}"
    return (
        f"{connections}, {format_duration(shape.duration_s)}, timeout"
        f" {format_duration(shape.timeout_s)}{format_fixed_rate(shape)};"
        f" {generator.name} {generator.version}"
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
