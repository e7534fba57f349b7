"""The report files of a run, from the options that name them and their format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.options import BY_NAME
from pytest_djworkers.report_format import (
    GITHUB,
    ReportFormat,
    format_by_suffix,
    why_not_installed,
)
from pytest_djworkers.settings.values import Value


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file to write a report to, and its format."""

    file: Path
    format: ReportFormat


def report_files(reports: Value, format_: Value) -> tuple[ReportFile, ...]:
    """Return the files to write.

    Raises SettingsError for a file whose format isn't known, or whose packages are missing.
    """
    place = BY_NAME["report"].flag if reports.is_flag else reports.place
    try:
        files = tuple(
            ReportFile(Path(name), format_.parsed or format_by_suffix(Path(name)))
            for name in reports.parsed
            if name != GITHUB
        )
    except ValueError as error:
        advice = f"choose another name, or the format with {BY_NAME['report_format'].flag}"
        raise SettingsError(f"{place}: {error}: {advice}") from None
    for one in files:
        if why := why_not_installed(one.format):
            raise SettingsError(f"{place}: {why}")
    return files
