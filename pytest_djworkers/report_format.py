"""The formats of report files, for the options and for what writes them."""

from __future__ import annotations

from enum import StrEnum
from importlib import metadata
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
    COLLAPSED = "collapsed"
    """Stacks, a line each, for programs that draw flame graphs."""
    SPEEDSCOPE = "speedscope"
    """Stacks for Speedscope."""


_BY_SUFFIX = {
    ".json": ReportFormat.JSON,
    ".md": ReportFormat.MARKDOWN,
    ".html": ReportFormat.HTML,
    ".csv": ReportFormat.CSV,
    ".folded": ReportFormat.COLLAPSED,
    ".collapsed": ReportFormat.COLLAPSED,
    ".speedscope.json": ReportFormat.SPEEDSCOPE,
}

_PACKAGES = {ReportFormat.HTML: ("jinja2", "vl-convert-python")}
"""The packages of the extra ``report`` that a format needs."""


def format_by_suffix(file: PurePath) -> ReportFormat:
    """Return the format that a file's name asks for. Raises ValueError for another suffix."""
    name = file.name.lower()
    fitting = [one for one in _BY_SUFFIX if name.endswith(one) and name != one]
    if not fitting:
        raise ValueError(f"{file.name!r} ends in none of {', '.join(_BY_SUFFIX)}")
    return _BY_SUFFIX[max(fitting, key=len)]


def why_not_installed(format_: ReportFormat) -> str:
    """Return which packages a format lacks, and how to install them; empty if it lacks none."""
    missing = [package for package in _PACKAGES.get(format_, ()) if not _is_installed(package)]
    if not missing:
        return ""
    verb = "is" if len(missing) == 1 else "are"
    return (
        f"a report in {format_.value} needs {' and '.join(missing)}, which {verb} not installed:"
        " pip install 'pytest-djworkers[report]'"
    )


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
