"""Tells which databases a process may connect to: the test databases, and no real one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pytest_djworkers.entry.brief import Brief, this_brief

_MAINTENANCE = "postgres"
"""PostgreSQL's database from which others are created."""


class RefusedDatabaseError(RuntimeError):
    """Raised when something wants to use a database that isn't a test database."""


class AllowedDatabases:
    """The test databases of a brief, and the real ones that they stand for."""

    def __init__(self, brief: Brief) -> None:
        targets = (*brief.databases.values(), *brief.to_make.values())
        self._targets = targets
        self._left_out = frozenset(brief.left_out)
        self._names = {target.name for target in targets}
        if brief.to_make:
            self._names.add(_MAINTENANCE)
        self._files = {file_of(target.name) for target in targets}
        self._real_names: set[str] = set()
        self._real_files: set[str | None] = set()
        for target in targets:
            self.note_real(target.real)

    def note_real(self, name: object) -> None:
        """Note that a database with this NAME is real: nothing may connect to it."""
        if name:
            self._real_names.add(str(name))
            self._real_files.add(file_of(name))

    def is_known(self, name: str, cluster: str = "") -> bool:
        """Return True if a database of this name, on a database server, is a test database.

        With ``cluster``, the identity of that server, it must be on the server of that test
        database.
        """
        clusters = {target.cluster for target in self._targets if target.name == name}
        return name in self._names and (
            not cluster or not clusters or bool(clusters & {cluster, ""})
        )

    def is_known_file(self, name: object) -> bool:
        """Return True if a SQLite database is a test database, or in memory."""
        file = file_of(name)
        return file is None or file in self._files

    def is_real(self, name: str) -> bool:
        """Return True if a database of this name, on a database server, is the site's real one."""
        return name in self._real_names and name not in self._names

    def is_real_file(self, name: object) -> bool:
        """Return True if a SQLite database is the site's real one."""
        file = file_of(name)
        if file is None or file in self._files:
            return False
        return file in self._real_files or _is_one_of(file, self._real_files)

    def refuse(self, alias: str, found: object) -> RefusedDatabaseError:
        """Return the error to raise if an alias leads to ``found``, and write it to the log."""
        if alias in self._left_out:
            return _told(
                f"refusing to use database {alias!r}: it is left out of load tests"
                f" (--djworkers-ignore-database={alias})"
            )
        return _told(f"refusing to use database {alias!r}: {found} is not a test database")

    def refuse_driver(self, driver: str, found: object) -> RefusedDatabaseError:
        """Return the error to raise if a driver, used without Django, is connected to ``found``."""
        return _told(f"refusing to use {found} ({driver}): it is the site's own database")


@cache
def allowed_databases() -> AllowedDatabases:
    """Return the allowed databases of this process."""
    return AllowedDatabases(this_brief())


def note_real(database: Mapping[str, Any]) -> None:
    """Note that the database of an entry of DATABASES is real: nothing may connect to it."""
    allowed_databases().note_real(database.get("NAME"))


def file_of(name: object) -> str | None:
    """Return the file of a SQLite database, with links resolved; None for one in memory."""
    text = os.fsdecode(name) if isinstance(name, bytes | os.PathLike) else str(name)
    if text.startswith("file:"):
        parts = urlsplit(text)
        if parse_qs(parts.query).get("mode") == ["memory"]:
            return None
        text = unquote(parts.path)
    return None if text in {"", ":memory:"} else os.path.realpath(text)


def _is_one_of(file: str, others: Iterable[str | None]) -> bool:
    """Return True if it is one of these files under another name (a hard link)."""
    try:
        found = Path(file).stat()
    except OSError:
        return False
    return any(_is_same(found, other) for other in others if other is not None)


def _is_same(found: os.stat_result, other: str) -> bool:
    try:
        return os.path.samestat(found, Path(other).stat())
    except OSError:
        return False


_logged: set[str] = set()


def _told(message: str) -> RefusedDatabaseError:
    """Return an error with this message, and write it to the log if it isn't there yet."""
    # The site may catch the error and go on, so the log says it in any case.
    if message not in _logged:
        _logged.add(message)
        print(f"pytest-djworkers: ERROR: {message}", file=sys.stderr, flush=True)
    return RefusedDatabaseError(message)
