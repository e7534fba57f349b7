"""All baselines in a table, for ``djworkers baselines``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pytest_djworkers.baseline.document import StoredSession
from pytest_djworkers.baseline.locate import files_of, names, read_file
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.report.alignment import align
from pytest_djworkers.report.figures import UNKNOWN
from pytest_djworkers.report.session_facts import commit_of, saved_at

_COLUMNS = ("name", "machine", "bursts", "sessions", "last saved", "commit")
_TEXT_COLUMNS = frozenset({"name", "machine", "commit"})


def list_baselines(root: Path) -> tuple[list[str], list[str]]:
    """Return the lines of the table, one for each file, and the problems of unreadable files.

    Without any baseline there are no lines, not even the headings.
    """
    rows: list[tuple[str, ...]] = []
    problems = []
    for name in names(root):
        for file in files_of(root, name):
            try:
                rows.append((name, *_overview(file)))
            except BaselineError as error:
                # One broken file must not hide the others.
                rows.append((name, file.stem, *[UNKNOWN] * 4))
                problems.append(str(error))
    lines = align([_COLUMNS, *rows], text_columns=_TEXT_COLUMNS) if rows else []
    return lines, problems


def _overview(file: Path) -> tuple[str, ...]:
    """Return a file's cells after its name. Raises BaselineError if it can't be read."""
    content = read_file(file)
    if not isinstance(content, Baseline):
        documents = ", ".join(Counter(imported.document for imported in content))
        return (f"imported: {documents}", f"{len(content):,}", *[UNKNOWN] * 3)
    lengths = sorted({len(stored.sessions) for stored in content.bursts.values()}) or [0]
    last_sessions = [stored.sessions[-1] for stored in content.bursts.values()]
    last = max(last_sessions, key=lambda session: session.saved, default=StoredSession(()))
    return (
        file.stem,
        f"{len(content.bursts):,}",
        # Bursts may have been added later than others: then this is "2-10".
        "-".join(map(str, dict.fromkeys((lengths[0], lengths[-1])))),
        saved_at(last.saved),
        commit_of(last.commit),
    )
