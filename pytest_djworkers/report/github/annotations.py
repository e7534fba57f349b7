"""Annotations for GitHub: lines on stdout that its runner shows beside the lines of a test.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pytest_djworkers.printable import printable
from pytest_djworkers.report.document import Document, TestOutcome
from pytest_djworkers.report.reasons import reason_of_test, reasons_of_burst
from pytest_djworkers.report.standing import Standing, standing_of
from pytest_djworkers.units import counted

MOST = 10
"""GitHub shows this number of annotations of each level and step, and drops the others silently:
https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations."""


class Level(StrEnum):
    """The levels, by the names of their commands, the worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


_LEVELS = {
    # One that only warns: a loss that fails the test is an error of the test.
    Standing.REGRESSED: Level.WARNING,
    Standing.INCONCLUSIVE: Level.WARNING,
    Standing.NOT_COMPARED: Level.WARNING,
    Standing.IMPROVED: Level.NOTICE,
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """A message at a line of a file."""

    level: Level
    file: str
    line: int
    title: str
    message: str

    @property
    def command(self) -> str:
        """The line that makes it."""
        properties = f"file={_property(self.file)},line={self.line},title={_property(self.title)}"
        return f"::{self.level} {properties}::{_data(self.message)}"


def commands(document: Document, root: Path, workspace: Path | None) -> Iterator[str]:
    """Yield the lines to print, the worst first, at most ``MOST`` of a level.

    ``root`` is pytest's root, and ``workspace`` the folder of the checkout.
    """
    found = list(annotations_of(document, root, workspace))
    for level in Level:
        of_level = [one for one in found if one.level is level]
        yield from (one.command for one in of_level[:MOST])
        if (more := len(of_level) - MOST) > 0:
            yield f"djworkers: {counted(more, f'more {level}')} in the step's summary"


def annotations_of(document: Document, root: Path, workspace: Path | None) -> Iterator[Annotation]:
    """Yield an annotation for each failed test, and for each verdict but ``ok`` of the others."""
    for test in document.tests:
        file = _in_workspace(test.file, root, workspace)
        for level, standing, lines in _said(document, test):
            title = f"{test.name}: {standing}"
            yield Annotation(level, file, test.line, title, printable("\n".join(lines)))


def _said(document: Document, test: TestOutcome) -> Iterable[tuple[Level, str, list[str]]]:
    if test.has_failed:
        yield Level.ERROR, "failed", reason_of_test(test)
        return
    for record in document.records:
        standing = standing_of(record)
        if record.test == test.test and standing in _LEVELS:
            yield _LEVELS[standing], f"{record.result.name} {standing}", reasons_of_burst(record)


def _in_workspace(file: str, root: Path, workspace: Path | None) -> str:
    """Return the path of a test's file in the repository, whose folder pytest's root may be in."""
    if workspace is None:
        return file
    full, top = os.path.realpath(root / file), os.path.realpath(workspace)
    return Path(full).relative_to(top).as_posix() if Path(full).is_relative_to(top) else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
