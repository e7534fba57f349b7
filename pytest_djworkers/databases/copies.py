"""Copies the seeded test databases for each arm of a comparison.

So both arms begin with the same rows, and neither sees what the other writes. Call these functions
with pytest-django's databases unblocked, and with this process's connections closed.
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
"""The word in the name of every copy: nothing without it is ever dropped."""
_LONGEST_NAME = 63
"""PostgreSQL cuts names to this number of bytes, which could give two arms the same name."""
_BESIDE_SQLITE = ("", "-journal", "-wal", "-shm")


def copies_of(
    targets: Mapping[str, DatabaseTarget], arm: str, folder: Path
) -> dict[str, DatabaseTarget]:
    """Return the databases that an arm is to have, by alias, without making them.

    Those of SQLite are files in ``folder``. Aliases that share a database (by its name, or by
    ``TEST["MIRROR"]``) share its copy. Raises DatabaseError for a database that can't be copied.
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
    """Make the copies that ``copies_of`` returns, each once, and return them.

    Copies of an earlier call, or of an earlier run, are replaced. Raises DatabaseError if a
    database can't be copied; then no copies are left.
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
    """Drop the copies of each arm, as ``copies_of`` returns them, and end their sessions.

    Copies that are gone already are not an error. Raises DatabaseError if one can't be dropped.
    """
    for made in copies:
        # With the rights of the alias that made the copy: a mirror's user may have fewer.
        for alias, name in {(_source(alias, made), target.name) for alias, target in made.items()}:
            if _MARK not in Path(name).name:
                raise DatabaseError(f"database {alias!r} ({name}) is not a copy: it is not dropped")
            if _connection(alias).vendor == "sqlite":
                _remove_files(Path(name))
            else:
                with _cursor_elsewhere(alias, name, "dropped") as cursor:
                    _drop(cursor, name)


def rows_in(alias: str, name: str) -> dict[str, int]:
    """Return the number of rows of each table of a database, read with an alias's rights."""
    from django.db.backends.base.base import NO_DB_ALIAS

    settings = {**_connection(alias).settings_dict, "NAME": name}
    # The alias NO_DB_ALIAS has no connection pool. That of the real alias leads to the test
    # database.
    connection = type(_connection(alias))(settings, alias=NO_DB_ALIAS)
    with closing(connection), connection.cursor() as cursor:
        rows = {}
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT COUNT(*) FROM {quoted}")  # noqa: S608  # a name, and quoted
            rows[table] = cursor.fetchone()[0]
        return rows


def _source(alias: str, targets: Mapping[str, DatabaseTarget]) -> str:
    """Return the alias that this one mirrors; the alias itself if it is no mirror."""
    mirrored = _connection(alias).settings_dict["TEST"].get("MIRROR")
    return mirrored if mirrored in targets else alias


def _place(alias: str, targets: Mapping[str, DatabaseTarget]) -> tuple[str, ...]:
    """Return a key that is the same for two aliases if their database is the same."""
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
    # PostgreSQL copies a database only while nobody is connected to it.
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
    # A long name is cut, and a checksum of all of it tells it from others with the same beginning.
    suffix = f"_{zlib.crc32(name.encode()):08x}{suffix}"
    return name.encode()[: _LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix


def _copy_file(alias: str, name: str, file: Path) -> None:
    """Copy a SQLite database. Raises DatabaseError."""
    # SQLite's own backup includes pages that are still in the ``-wal`` file. The file is opened as
    # Django does it, but isn't created if it is missing (mode=rw).
    uri = name if name.startswith("file:") else f"file:{quote(name)}?mode=rw"
    try:
        with (
            closing(sqlite3.connect(uri, uri=True)) as source,
            closing(sqlite3.connect(file)) as copy,
        ):
            # A copy that a crash of the machine breaks is not missed.
            copy.execute("PRAGMA synchronous = OFF")
            source.backup(copy)
    except sqlite3.Error as error:
        raise DatabaseError(f"database {alias!r} ({name}) can't be copied: {error}") from None


def _remove_files(file: Path) -> None:
    for suffix in _BESIDE_SQLITE:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


@contextmanager
def _cursor_elsewhere(alias: str, name: str, what: str) -> Iterator[Any]:
    """Give a cursor that is connected to no test database. Raises DatabaseError for its errors.

    ``what`` is what can't be done then, such as "copied".
    """
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
