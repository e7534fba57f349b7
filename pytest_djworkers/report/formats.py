"""The formats of report files. To add one, add it here and to ``ReportFormat``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from pytest_djworkers.report import (
    bencher,
    benchmark_action,
    burst_csv,
    collapsed_stacks,
    document_file,
    open_metrics,
    speedscope,
)
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.html import page as html_page
from pytest_djworkers.report.markdown import page as markdown_page
from pytest_djworkers.report.measured_stacks import why_no_stacks
from pytest_djworkers.report_format import ReportFormat
from pytest_djworkers.system.files import write_whole

_COMMENT_BYTES = 65_000
"""GitHub takes 65,536 characters in a comment, GitLab a million."""

RENDERERS: Mapping[ReportFormat, Callable[[Document], str]] = {
    ReportFormat.JSON: document_file.as_json,
    ReportFormat.MARKDOWN: markdown_page.render,
    ReportFormat.COMMENT: partial(markdown_page.render_within, most_bytes=_COMMENT_BYTES),
    ReportFormat.HTML: html_page.render,
    ReportFormat.CSV: burst_csv.as_csv,
    ReportFormat.BENCHMARK_ACTION: benchmark_action.speeds_as_json,
    ReportFormat.BENCHMARK_ACTION_LATENCY: benchmark_action.latencies_as_json,
    ReportFormat.BENCHER: bencher.as_json,
    ReportFormat.OPEN_METRICS: open_metrics.as_open_metrics,
    ReportFormat.COLLAPSED: collapsed_stacks.as_collapsed,
    ReportFormat.SPEEDSCOPE: speedscope.as_speedscope,
}
"""The functions that return a document's text in each format."""
_OF_STACKS = frozenset({ReportFormat.COLLAPSED, ReportFormat.SPEEDSCOPE})


def why_left_out(format_: ReportFormat, document: Document) -> str:
    """Return why nothing of a document can be written in a format; empty if something can.

    Other programs take an empty file of stacks for a broken one.
    """
    return why_no_stacks(document) if format_ in _OF_STACKS else ""


def write_report(file: Path, format_: ReportFormat, document: Document) -> None:
    """Write a report, whole or not at all.

    Raises OSError, with the file's name, if it can't be written.
    """
    text = RENDERERS[format_](document)
    try:
        write_whole(file, text)
    except OSError as error:
        raise OSError(f"report {file} can't be written: {error.strerror}") from error
