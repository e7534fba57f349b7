"""The bursts of the files that ``djworkers diff`` takes: baselines, imports and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.figures import StoredFigures, imported_figures, last_figures
from pytest_djworkers.baseline.files import broken
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.locate import read_file
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.report.document import BurstEntry
from pytest_djworkers.report.document_file import is_report, read_document
from pytest_djworkers.units import format_rate


@dataclass(frozen=True, slots=True)
class Entry:
    """One burst of a file; latencies and CPU times are in seconds."""

    title: str
    rps: float
    rps_text: str
    """The requests/s as text; those of an import have the digits that wrk printed."""
    mean: float | None
    p50: float | None
    p99: float | None
    cpu_per_request: float | None
    timeouts: int
    errors: int
    remark: str
    conditions: Mapping[str, Any] = field(default_factory=dict)
    imported: Imported | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a file."""

    entries: list[Entry]
    machine: Machine | None
    """The machine of its bursts; None for an import, which doesn't know."""


def content_of(file: Path) -> Content:
    """Return the content of a baseline, an import or a report in JSON.

    Raises BaselineError or ReportError if it can't be read.
    """
    if is_report(file):
        document = read_document(file)
        date = document.run.began.partition("T")[0]
        entries = [_measured_entry(one, date) for one in document.bursts]
        return Content(sorted(entries, key=lambda one: one.title), document.run.machine)
    content = read_file(file)
    if isinstance(content, Baseline):
        return Content(_stored_entries(file, content), content.machine)
    return Content([_imported_entry(one) for one in content], None)


def _measured_entry(entry: BurstEntry, date: str) -> Entry:
    record, figures = entry.record, entry.figures
    latency = record.result.latency
    return Entry(
        title=record.key,
        rps=entry.rps,
        rps_text=format_rate(entry.rps),
        mean=latency.mean if latency else None,
        p50=figures.p50_s,
        p99=figures.p99_s,
        cpu_per_request=figures.cpu_per_request_s,
        timeouts=figures.timeouts,
        errors=figures.errors,
        remark=", ".join((date, *figures.remarks)),
        conditions=record.stored_under,
    )


def _stored_entries(file: Path, content: Baseline) -> list[Entry]:
    try:
        return [
            _stored_entry(key, stored, last_figures(stored))
            for key, stored in sorted(content.bursts.items())
        ]
    except ValueError as error:
        raise broken(file, str(error)) from None


def _stored_entry(key: str, stored: StoredBurst, figures: StoredFigures) -> Entry:
    return Entry(
        title=key,
        rps=figures.rps,
        rps_text=format_rate(figures.rps),
        mean=figures.mean,
        p50=figures.p50,
        p99=figures.p99,
        cpu_per_request=figures.cpu_per_request_s,
        timeouts=figures.timeouts,
        errors=figures.errors,
        remark=figures.saved.partition("T")[0],
        conditions=stored.conditions,
    )


def _imported_entry(imported: Imported) -> Entry:
    figures, run = imported_figures(imported), imported.run
    mean, p50, p99 = map(_float, (run.mean_s, run.percentile_s(50), run.percentile_s(99)))
    return Entry(
        title=f"{imported.document}: {imported.key}",
        rps=figures.rps,
        rps_text=run.requests_per_s,
        mean=mean,
        p50=p50,
        p99=p99,
        cpu_per_request=None,
        timeouts=figures.timeouts,
        errors=figures.errors,
        remark="imported",
        imported=imported,
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
