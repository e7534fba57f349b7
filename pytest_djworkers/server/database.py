"""The test databases, as seen from the pytest process, for servers in other processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.server.brief import DatabaseTarget

if TYPE_CHECKING:
    import pytest

_DUMMY = "django.db.backends.dummy"
APPLICATION = "pytest-djworkers"
"""What PostgreSQL knows the servers' sessions by."""
_END_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = %s
"""


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
    held = [connection.alias for connection in _connections() if connection.in_atomic_block]
    if held:
        raise DatabaseError(
            f"this test holds a transaction on database {' and '.join(map(repr, held))} (the"
            " fixture db or the mark django_db), so a server in another process can't see its"
            " rows: use djworkers_seed for the rows, or transactional_db"
            " (django_db(transaction=True))"
        )


def close_connections() -> None:
    """Close this process's connections, so that they hold no lock while a server works."""
    for connection in _connections():
        if not connection.in_atomic_block:
            connection.close()


def end_sessions() -> None:
    """End what a server that was killed left running in PostgreSQL, which would not notice before
    the query is done: until then the tables are locked, and the database can't be dropped."""
    for connection in _connections():
        if connection.vendor == "postgresql" and not connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute(_END_SESSIONS, [APPLICATION])


def move_out_of_memory(folder: Path) -> None:
    """Give in-memory SQLite test databases a file, before they are created."""
    for connection in _connections():
        if connection.vendor != "sqlite":
            continue
        name = connection.settings_dict["TEST"].get("NAME") or ":memory:"
        if connection.creation.is_in_memory_db(name):
            path = folder / f"test-{connection.alias}.sqlite3"
            connection.settings_dict["TEST"]["NAME"] = str(path)


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
