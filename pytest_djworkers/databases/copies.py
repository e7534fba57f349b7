"""A database for each arm of a comparison: copies of the seeded test databases.

Both arms begin from the same rows, and neither sees what the other writes. All of it wants
pytest-django's database unblocked, and this process's connections closed.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytest_djworkers.databases import sessions
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.errors import DatabaseError

_MARK = "djworkers"
_LONGEST_NAME = 63
"""PostgreSQL cuts names down to so many bytes, which would make two arms' one."""
_BESIDE_SQLITE = ("", "-journal", "-wal", "-shm")


def copies_of(
    targets: Mapping[str, DatabaseTarget], arm: str, folder: Path
) -> dict[str, DatabaseTarget]:
    """Where an arm's databases are to be, by alias; nothing is made.

    SQLite's are in ``folder``. What aliases share (a name, or ``TEST["MIRROR"]``) they share
    there. Raises DatabaseError for a database that can't be copied.
    """
    names: dict[tuple[str, ...], str] = {}
    for alias, target in targets.items():
        _refuse_other_vendors(alias)
        source = _source(alias, targets)
        if _connection(source).vendor == "sqlite":
            name = str(folder / f"{source}-{_MARK}-{arm}.sqlite3")
        else:
            name = _copy_name(target.name, arm)
        names.setdefault(_place(alias, targets), name)
    return {
        alias: replace(target, name=names[_place(alias, targets)])
        for alias, target in targets.items()
    }


def copy_databases(
    targets: Mapping[str, DatabaseTarget], arm: str, folder: Path
) -> dict[str, DatabaseTarget]:
    """Copy test databases for an arm to where ``copies_of`` says, each once.

    A copy of an earlier call, or of an earlier run, is replaced. Raises DatabaseError where a
    database can't be copied.
    """
    copies = copies_of(targets, arm, folder)
    made: dict[str, DatabaseTarget] = {}
    try:
        for alias, copy in copies.items():
            if copy.name not in {one.name for one in made.values()}:
                _copy(_source(alias, targets), targets[alias].name, copy.name)
            made[alias] = copy
    except DatabaseError:
        drop_copies([made])
        raise
    return copies


def drop_copies(copies: Iterable[Mapping[str, DatabaseTarget]]) -> None:
    """Drop what is where ``copies_of`` said for each arm, with what servers left connected to it.

    Copies that are gone already are no error. Raises DatabaseError where one can't be dropped.
    """
    for made in copies:
        # By the alias that made it: a mirror's user need not be allowed to.
        for alias, name in {(_source(alias, made), target.name) for alias, target in made.items()}:
            if _MARK not in Path(name).name:
                raise DatabaseError(f"database {alias!r} ({name}) is not a copy: it is not dropped")
            if _connection(alias).vendor == "sqlite":
                _remove_files(Path(name))
            else:
                with _cursor_elsewhere(alias, name, "dropped") as cursor:
                    _drop(cursor, name)


def rows_in(alias: str, name: str) -> dict[str, int]:
    """How many rows the tables of a database have, with an alias's rights."""
    from django.db.backends.base.base import NO_DB_ALIAS

    settings = {**_connection(alias).settings_dict, "NAME": name}
    # That alias has no pool, which would be one to the test database.
    connection = type(_connection(alias))(settings, alias=NO_DB_ALIAS)
    with closing(connection), connection.cursor() as cursor:
        rows = {}
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT COUNT(*) FROM {quoted}")  # noqa: S608  # a name, and quoted
            rows[table] = cursor.fetchone()[0]
        return rows


def _source(alias: str, targets: Mapping[str, DatabaseTarget]) -> str:
    """The alias that a mirror mirrors; the alias itself where it is none."""
    mirrored = _connection(alias).settings_dict["TEST"].get("MIRROR")
    return mirrored if mirrored in targets else alias


def _place(alias: str, targets: Mapping[str, DatabaseTarget]) -> tuple[str, ...]:
    """What two aliases have in common when their database is the same."""
    source = _source(alias, targets)
    target = targets[source]
    vendor = _connection(source).vendor
    if vendor == "sqlite":
        return vendor, target.name
    return vendor, target.host, target.port, target.name


def _copy(alias: str, name: str, copy: str) -> None:
    if _connection(alias).vendor == "sqlite":
        _remove_files(Path(copy))
        _copy_file(alias, name, Path(copy))
        return
    with _cursor_elsewhere(alias, name, "copied") as cursor:
        quoted = cursor.db.ops.quote_name
        _drop(cursor, copy)
        sessions.end_sessions_in(cursor, name)
        cursor.execute(f"CREATE DATABASE {quoted(copy)} TEMPLATE {quoted(name)}")


def _drop(cursor: Any, name: str) -> None:
    cursor.execute(f"DROP DATABASE IF EXISTS {cursor.db.ops.quote_name(name)} WITH (FORCE)")


def _copy_name(name: str, arm: str) -> str:
    suffix = f"_{_MARK}_{arm}"
    if len((name + suffix).encode()) <= _LONGEST_NAME:
        return name + suffix
    suffix = f"_{zlib.crc32(name.encode()):08x}{suffix}"
    return name.encode()[: _LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix


def _copy_file(alias: str, name: str, file: Path) -> None:
    """Through SQLite, which knows of the pages that are still in ``-wal``."""
    # As Django opens it, but it must be there.
    uri = name if name.startswith("file:") else f"file:{quote(name)}?mode=rw"
    try:
        with (
            closing(sqlite3.connect(uri, uri=True)) as source,
            closing(sqlite3.connect(file)) as copy,
        ):
            copy.execute("PRAGMA synchronous = OFF")
            source.backup(copy)
    except sqlite3.Error as error:
        raise DatabaseError(f"database {alias!r} ({name}) can't be copied: {error}") from None


def _remove_files(file: Path) -> None:
    for suffix in _BESIDE_SQLITE:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


@contextmanager
def _cursor_elsewhere(alias: str, name: str, what: str) -> Iterator[Any]:
    """A cursor that is in no test database. Raises DatabaseError for what goes wrong with it."""
    from django.db import Error

    connection = _connection(alias)
    try:
        sessions.connect(connection)
        sessions.disconnect(connection)
        with connection._nodb_cursor() as cursor:  # noqa: SLF001  # as Django's creation does
            yield cursor
    except Error as error:
        reason = str(error).strip()
        user = connection.settings_dict["USER"] or "that connects"
        advice = (
            f"\nA comparison needs a copy for each arm: let the user {user} make databases"
            f" (ALTER ROLE {user} CREATEDB)"
            if "permission denied to create" in reason
            else ""
        )
        raise DatabaseError(
            f"database {alias!r} ({name}) can't be {what}: {reason}{advice}"
        ) from None


def _refuse_other_vendors(alias: str) -> None:
    connection = _connection(alias)
    if connection.vendor not in {"sqlite", "postgresql"}:
        raise DatabaseError(
            f"database {alias!r} is {connection.display_name}, which can't be compared: copies are"
            " made of SQLite and PostgreSQL databases"
        )


def _connection(alias: str) -> Any:
    from django.db import connections

    return connections[alias]
