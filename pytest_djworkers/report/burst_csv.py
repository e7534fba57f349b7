"""The report as CSV: a row for each burst, for spreadsheets and data frames.

A column keeps its name and its place: new ones are added at the end. Names end in the unit. What is
not known is empty. In a comparison, the figures of a burst are those of head's windows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from pytest_djworkers.compare.result import ArmFigures
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.report.document import BurstEntry, BurstFigures, Document, figures_of
from pytest_djworkers.report.standing import standing_of

_FORMULA = re.compile(r"[=+\-@]")
"""The beginning of a cell that a spreadsheet would compute, as OWASP's page "CSV Injection" has it.
"""
COLUMNS = (
    *("test", "burst", "backend", "outcome", "standing", "failures", "attempt", "commit", "began"),
    *("server_version", "workers", "generator", "connections", "duration_s", "timeout_s"),
    *("rate_rps", "rps", "p50_s", "p90_s", "p95_s", "p99_s", "p999_s", "max_s", "requests"),
    *("timeouts", "errors", "cpu_per_request_s", "memory_bytes", "remarks"),
    *("baseline_rps", "baseline_p50_s", "baseline_p99_s", "baseline_verdict"),
    *("verdict", "base", "head", "change", "change_low", "change_high", "smallest_visible"),
    *("base_rps", "base_p95_s", "base_cpu_per_request_s", "base_errors", "base_timeouts"),
    *("head_rps", "head_p95_s", "head_cpu_per_request_s", "head_errors", "head_timeouts"),
    *("blocks", "took_s", "queries", "query_time_s"),
    *("part", "think_s", "stage"),
)
"""The names of the columns, also of those that a run leaves empty."""


def as_csv(document: Document) -> str:
    """Return the document as the text of a CSV file: the names, and a row for each burst.

    Below that of a mix, there is a row for each of its parts, and below a burst with stages for
    each of those.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in document.bursts:
        writer.writerow(_row(document, entry))
        writer.writerows(_part_rows(document, entry))
        writer.writerows(_stage_rows(document, entry))
    return text.getvalue()


def _part_rows(document: Document, entry: BurstEntry) -> Iterator[dict[str, object]]:
    """Yield a row for each part of a mix; what is known of the whole alone is empty."""
    record = entry.record
    for name in record.result.parts:
        cells = {
            **_of_test(document, entry),
            **_of_load(entry),
            **_of_figures(figures_of(record.result.part(name))),
            "part": name,
        }
        yield {column: _cell(value) for column, value in cells.items()}


def _stage_rows(document: Document, entry: BurstEntry) -> Iterator[dict[str, object]]:
    """Yield a row for each stage; what is known of the whole alone is empty."""
    result = entry.record.result
    shape = result.profile.shape
    for stage, planned in zip(result.stages, shape.stages, strict=True):
        latency = stage.latency
        cells = {
            **_of_test(document, entry),
            **_of_load(entry),
            "connections": planned.connections or shape.connections,
            "duration_s": stage.duration_s,
            "rate_rps": planned.rate,
            "rps": stage.rps,
            "p50_s": latency.p50,
            "p90_s": latency.p90,
            "p95_s": latency.p95,
            "p99_s": latency.p99,
            "p999_s": latency.p999,
            "max_s": latency.max,
            "requests": stage.figures.judged,
            "timeouts": stage.timeouts,
            "errors": stage.errors,
            "stage": stage.name,
        }
        yield {column: _cell(value) for column, value in cells.items()}


def _row(document: Document, entry: BurstEntry) -> dict[str, object]:
    cells = {
        **_of_test(document, entry),
        **_of_load(entry),
        **_of_figures(entry.figures),
        **_of_baseline(entry),
        **_of_comparison(entry),
    }
    return {name: _cell(value) for name, value in cells.items()}


def _of_test(document: Document, entry: BurstEntry) -> Mapping[str, object]:
    record = entry.record
    outcome = document.outcome_of(record)
    return {
        "test": record.test,
        "burst": record.result.name,
        "backend": record.backend,
        "outcome": None if outcome is None else outcome.outcome,
        "standing": standing_of(record).value,
        "failures": "; ".join(record.failures),
        "attempt": record.attempt,
        "commit": document.run.commit,
        "began": document.run.began,
    }


def _of_load(entry: BurstEntry) -> Mapping[str, object]:
    result = entry.record.result
    shape, server = result.profile.shape, result.server
    return {
        "server_version": None if server is None else server.version,
        "workers": None if server is None else server.workers,
        "generator": result.generator.name,
        "connections": shape.connections,
        "duration_s": shape.duration_s,
        "timeout_s": shape.timeout_s,
        "rate_rps": shape.rate,
        "think_s": shape.think_s,
    }


def _of_figures(figures: BurstFigures) -> Mapping[str, object]:
    return {
        "rps": figures.rps,
        "p50_s": figures.p50_s,
        "p90_s": figures.p90_s,
        "p95_s": figures.p95_s,
        "p99_s": figures.p99_s,
        "p999_s": figures.p999_s,
        "max_s": figures.max_s,
        "requests": figures.requests,
        "timeouts": figures.timeouts,
        "errors": figures.errors,
        "cpu_per_request_s": figures.cpu_per_request_s,
        "memory_bytes": figures.memory_bytes,
        "remarks": "; ".join(figures.remarks),
        "queries": figures.queries,
        "query_time_s": figures.query_time_s,
    }


def _of_baseline(entry: BurstEntry) -> Mapping[str, object]:
    stored, found = entry.record.stored, entry.record.against_baseline
    return {
        "baseline_rps": stored and stored.rps,
        "baseline_p50_s": stored and stored.p50,
        "baseline_p99_s": stored and stored.p99,
        "baseline_verdict": found and found.verdict.value,
    }


def _of_comparison(entry: BurstEntry) -> Mapping[str, object]:
    found, compared = entry.comparison, entry.record.against_base
    base, head = compared.labels if compared else (None, None)
    low, high = found.interval if found and found.interval else (None, None)
    return {
        "verdict": found and found.verdict,
        "base": base,
        "head": head,
        "change": found and found.change,
        "change_low": low,
        "change_high": high,
        "smallest_visible": found and found.smallest_visible,
        **_of_arm("base", found.base if found else None),
        **_of_arm("head", found.head if found else None),
        "blocks": found and found.blocks,
        "took_s": compared and compared.took_s,
    }


def _of_arm(name: str, figures: ArmFigures | None) -> Mapping[str, object]:
    return {
        f"{name}_rps": figures and figures.rps,
        f"{name}_p95_s": figures and figures.p95_s,
        f"{name}_cpu_per_request_s": figures and figures.cpu_per_request_s,
        f"{name}_errors": figures and figures.errors,
        f"{name}_timeouts": figures and figures.timeouts,
    }


def _cell(value: object) -> object:
    """Return the value; of a text, what neither adds a line nor is computed by a spreadsheet."""
    if not isinstance(value, str):
        return value
    text = in_one_line(value)
    return f"'{text}" if _FORMULA.match(text) else text
