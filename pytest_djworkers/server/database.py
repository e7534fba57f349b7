"""The test databases, as seen from the pytest process, for servers in other processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.server import sessions

if TYPE_CHECKING:
    import pytest

_DUMMY = "django.db.backends.dummy"


def targets() -> dict[str, DatabaseTarget]:
    """Where pytest-django's test databases are, by alias; after ``django_db_setup``.

    Raises DatabaseError for a database in memory, which no other process can see.
    """
    found = {}
    for connection in _connections():
        settings = connection.settings_dict
        name = str(settings["NAME"])
        if connection.vendor == "sqlite" and connection.creation.is_in_memory_db(name):
            raise DatabaseError(
                f"database {connection.alias!r} is in-memory SQLite, which a server in another"
                " process can't see: give DATABASES[...]['TEST']['NAME'] a file"
            )
        found[connection.alias] = DatabaseTarget(
            name, *(str(settings[key] or "") for key in ("USER", "PASSWORD", "HOST", "PORT"))
        )
    return found


def refuse_transaction() -> None:
    """Raise DatabaseError when the test holds a transaction: its rows would never be visible to
    the server, and it would lock SQLite."""
    connections = _connections()
    atomic = [connection.alias for connection in connections if connection.in_atomic_block]
    if atomic:
        raise DatabaseError(
            f"this test holds a transaction on database {_in_words(atomic)} (the"
            " fixture db or the mark django_db), so a server in another process can't see its"
            " rows: use djworkers_seed for the rows, or transactional_db"
            " (django_db(transaction=True))"
        )
    refuse_uncommitted("this test")


def refuse_uncommitted(culprit: str) -> None:
    """Raise DatabaseError when somebody switched autocommit off, or began a transaction by hand,
    and has not committed it: the rows would be lost with the connection."""
    held = [connection.alias for connection in _connections() if _is_in_transaction(connection)]
    if held:
        raise DatabaseError(
            f"{culprit} left a transaction open on database {_in_words(held)}, so a server in"
            " another process can't see its rows: commit it (django.db.transaction.commit())"
        )


def close_connections() -> None:
    """Close this process's connections, so that they hold no lock while a server works, and don't
    keep a database that two aliases share from being dropped."""
    for connection in _connections():
        if not connection.in_atomic_block:
            sessions.disconnect(connection)


def end_sessions() -> None:
    """End what servers that are gone left running in PostgreSQL, which would not notice."""
    for connection in _connections():
        if connection.vendor == "postgresql" and not connection.in_atomic_block:
            sessions.end_sessions(connection)


def end_sessions_of_killed_runs() -> None:
    """End what the servers of killed runs left in test databases of PostgreSQL, before those are
    dropped and made anew. A database server that can't be reached is Django's to tell of."""
    from django.db import Error

    for connection in _connections():
        if connection.vendor == "postgresql":
            with suppress(Error):
                sessions.end_sessions_of_killed_runs(connection)


def move_out_of_memory(folder: Path) -> None:
    """Give in-memory SQLite test databases a file, before they are created."""
    for connection in _connections():
        if connection.vendor != "sqlite":
            continue
        name = connection.settings_dict["TEST"].get("NAME") or ":memory:"
        if connection.creation.is_in_memory_db(name):
            path = folder / f"test-{connection.alias}.sqlite3"
            connection.settings_dict["TEST"]["NAME"] = str(path)


def why_not_made(error: SystemExit) -> DatabaseError:
    """Why Django gave up making a test database, in words; it ends the process after it has
    written the reason to standard error."""
    from django.db.backends.base.creation import BaseDatabaseCreation

    reason = str(error.__context__ or "no reason was given").strip()
    creators = (frame.f_locals.get("self") for frame, _ in walk_tb(error.__traceback__))
    creation: Any = next((one for one in creators if isinstance(one, BaseDatabaseCreation)), None)
    if creation is None:
        return DatabaseError(f"the test databases could not be made: {reason}")
    connection = creation.connection
    name = creation._get_test_db_name()  # noqa: SLF001  # the name is in no other place yet
    said = f"test database {name!r} of {connection.alias!r} could not be made: {reason}"
    if "permission denied to create" not in reason:
        return DatabaseError(said)
    user = connection.settings_dict["USER"]
    return DatabaseError(
        f"{said}\nLet the user {user!r} make databases (in PostgreSQL: ALTER ROLE {user} CREATEDB),"
        f" or have {name!r} made for them (CREATE DATABASE {name} OWNER {user}) and run with"
        " --reuse-db"
    )


@contextmanager
def all_aliases_wanted(items: list[pytest.Item]) -> Iterator[None]:
    """While pytest-django looks which databases the session's tests need, let one of them need
    all: the server may use any."""
    import pytest

    item = items[0]
    marker = item.get_closest_marker("django_db")
    wanted = {**(marker.kwargs if marker else {}), "databases": "__all__"}
    wish = pytest.mark.django_db(*(marker.args if marker else ()), **wanted).mark
    item.own_markers.insert(0, wish)
    try:
        yield
    finally:
        item.own_markers.remove(wish)


def _connections() -> list[Any]:
    from django.db import connections

    return [
        connection
        for connection in connections.all()
        if connection.settings_dict["ENGINE"] != _DUMMY
    ]


def _is_in_transaction(connection: Any) -> bool:
    raw = connection.connection
    if raw is None:
        return False
    if connection.vendor == "sqlite":
        return bool(raw.in_transaction)
    if connection.vendor == "postgresql":
        return bool(raw.info.transaction_status)
    return not connection.autocommit


def _in_words(aliases: list[str]) -> str:
    return " and ".join(map(repr, aliases))
