"""The facts of a stored session as text: when it was saved, and from which commit."""

from __future__ import annotations

from pytest_djworkers.baseline.document import StoredSession
from pytest_djworkers.report.figures import UNKNOWN

_COMMIT_DIGITS = 10
_TO_THE_MINUTE = len("2026-01-02T03:04")


def saved_at(session: StoredSession) -> str:
    """Return the time at which a session was saved, to the minute, in UTC."""
    return (session.saved or UNKNOWN)[:_TO_THE_MINUTE].replace("T", " ")


def commit_of(session: StoredSession) -> str:
    """Return the commit as git shortens it; with ``+`` if files differed from it."""
    commit = session.commit or UNKNOWN
    return commit[:_COMMIT_DIGITS] + "+" * (len(commit) > _COMMIT_DIGITS and commit[-1] == "+")
