"""The report on the page of a GitHub Actions run."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pytest_djworkers.report.document import Document
from pytest_djworkers.report.markdown.page import render_within

MOST_BYTES = 1 << 20
"""The size of a step's summary: GitHub shows nothing of a larger one.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions, "Step isolation and
limits".
"""
_LEAST_BYTES = 2_000
"""The room that a title and a few lines need."""


def add_to_summary(file: Path, document: Document) -> bool:
    """Add the report to a step's summary, cut to the room that is left.

    Return False, with nothing written, if there is no room. Raises OSError, with the file's name,
    if it can't be written.
    """
    size = 0
    with suppress(FileNotFoundError):
        size = file.stat().st_size
    # Other commands of the step may have added something that has no line feed at its end.
    before = "\n\n" if size else ""
    room = MOST_BYTES - size - len(before)
    if room < _LEAST_BYTES:
        return False
    try:
        with file.open("a", encoding="utf-8") as stream:
            stream.write(before + render_within(document, room))
    except OSError as error:
        raise OSError(f"the step's summary {file} can't be written: {error.strerror}") from error
    return True
