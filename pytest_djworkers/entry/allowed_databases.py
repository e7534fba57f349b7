"""Which databases a process may be connected to, and which it must not."""

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
"""The database from which others are made."""


class RefusedDatabaseError(RuntimeError):
    """Something wants to use a database that isn't a test database."""


class AllowedDatabases:
    """The test databases of a brief, and the real ones that it names."""

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
        """Let a database of this NAME be one that nobody may connect to."""
        if name:
            self._real_names.add(str(name))
            self._real_files.add(file_of(name))

    def is_known(self, name: str, cluster: str = "") -> bool:
        """Whether a database server's database of this name is a test database; with ``cluster``,
        whether it is there that it is one."""
        clusters = {target.cluster for target in self._targets if target.name == name}
        return name in self._names and (
            not cluster or not clusters or bool(clusters & {cluster, ""})
        )

    def is_known_file(self, name: object) -> bool:
        """Whether a SQLite database is a test database, or one in memory."""
        file = file_of(name)
        return file is None or file in self._files

    def is_real(self, name: str) -> bool:
        """Whether a database server's database of this name is one of the site's own."""
        return name in self._real_names and name not in self._names

    def is_real_file(self, name: object) -> bool:
        """Whether a SQLite database is one of the site's own."""
        file = file_of(name)
        if file is None or file in self._files:
            return False
        return file in self._real_files or _is_one_of(file, self._real_files)

    def refuse(self, alias: str, found: object) -> RefusedDatabaseError:
        """What to raise where an alias leads there, told in the log as well."""
        if alias in self._left_out:
            return _told(
                f"refusing to use database {alias!r}: it is left out of load tests"
                f" (--djworkers-ignore-database={alias})"
            )
        return _told(f"refusing to use database {alias!r}: {found} is not a test database")

    def refuse_driver(self, driver: str, found: object) -> RefusedDatabaseError:
        """What to raise where a driver, used without Django, leads there."""
        return _told(f"refusing to use {found} ({driver}): it is the site's own database")


@cache
def allowed_databases() -> AllowedDatabases:
    """Those of this process."""
    return AllowedDatabases(this_brief())


def note_real(database: Mapping[str, Any]) -> None:
    """Let what a value of DATABASES says be a database that nobody may connect to."""
    allowed_databases().note_real(database.get("NAME"))


def file_of(name: object) -> str | None:
    """The file of a SQLite database, without links; None for one in memory."""
    text = os.fsdecode(name) if isinstance(name, bytes | os.PathLike) else str(name)
    if text.startswith("file:"):
        parts = urlsplit(text)
        if parse_qs(parts.query).get("mode") == ["memory"]:
            return None
        text = unquote(parts.path)
    return None if text in {"", ":memory:"} else os.path.realpath(text)


def _is_one_of(file: str, others: Iterable[str | None]) -> bool:
    """Whether it is another name of one of these files."""
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
    """Each message is once in the log, whatever the site does with the error."""
    if message not in _logged:
        _logged.add(message)
        print(f"pytest-djworkers: ERROR: {message}", file=sys.stderr, flush=True)
    return RefusedDatabaseError(message)
