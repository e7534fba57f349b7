"""The formats of report files, for the options and for what writes them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath

GITHUB = "github"
"""The value of ``--djworkers-report`` that names no file, but GitHub's own places for results."""


class ReportFormat(StrEnum):
    """The formats that a report can be written in, by their names in options."""

    JSON = "json"
    MARKDOWN = "md"
    HTML = "html"
    CSV = "csv"
    COMMENT = "comment"
    """Markdown that fits into a comment."""
    BENCHMARK_ACTION = "github-action-benchmark"
    BENCHMARK_ACTION_LATENCY = "github-action-benchmark-latency"
    BENCHER = "bencher"
    OPEN_METRICS = "openmetrics"


_BY_SUFFIX = {
    ".json": ReportFormat.JSON,
    ".md": ReportFormat.MARKDOWN,
    ".html": ReportFormat.HTML,
    ".csv": ReportFormat.CSV,
}


def format_by_suffix(file: PurePath) -> ReportFormat:
    """Return the format that a file's name asks for. Raises ValueError for another suffix."""
    found = _BY_SUFFIX.get(file.suffix.lower())
    if found is None:
        raise ValueError(f"{file.name!r} ends in none of {', '.join(_BY_SUFFIX)}")
    return found
