"""What servers leave running in PostgreSQL.

A session whose server was killed goes on until its query is done; until then tables are locked, and
the database can't be dropped. Sessions are known by their application name.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import Any

from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.system.clock import CLOCK

_LONGEST_HOST = 30
"""PostgreSQL keeps 63 bytes of the whole name."""
_ROOM_WITHIN_S = 10.0
_GONE_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.05
_OURS = """
    SELECT pid, application_name FROM pg_stat_activity
    WHERE datname = %s AND usename = session_user AND starts_with(application_name, %s)
"""
_END = "SELECT pg_terminate_backend(pid), pg_stat_clear_snapshot() FROM unnest(%s::int[]) AS pid"
"""In a transaction the list of sessions stays as it was first seen, unless that is forgotten."""


def application_name() -> str:
    """What PostgreSQL knows the sessions of this run's servers by: machine and process."""
    return f"{_machine()}{os.getpid()}"


def connect(connection: Any) -> None:
    """Connect, as soon as there is room: sessions of servers that are gone may fill what
    PostgreSQL allows, and end by themselves with their queries.

    Raises DatabaseError if that takes more than 10 seconds.
    """
    from django.db import OperationalError

    deadline = CLOCK.monotonic() + _ROOM_WITHIN_S
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError as error:
            if CLOCK.monotonic() > deadline:
                raise DatabaseError(
                    f"database {connection.alias!r} can't be reached any more, so what servers that"
                    f" are gone left running there can't be ended: {str(error).strip()}"
                ) from None
        CLOCK.sleep(_LOOK_EVERY_S)


def disconnect(connection: Any) -> None:
    """Close a connection, and those that its pool keeps."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()


def end_sessions(connection: Any) -> None:
    """End what this run's servers left in the database of a connection, as the same user.

    Raises DatabaseError if there is no room to connect.
    """
    connect(connection)
    with connection.cursor() as cursor:
        end_sessions_in(cursor, connection.settings_dict["NAME"])


def end_sessions_in(cursor: Any, database: str) -> None:
    """The same, asked of a cursor that may be elsewhere."""
    _end(cursor, database, lambda name: name == application_name())


def end_sessions_of_killed_runs(connection: Any) -> None:
    """The same for runs of this machine that are no longer alive, before the test database of a
    connection, which may be there from then, is made."""
    name = connection.creation._get_test_db_name()  # noqa: SLF001  # as Django's runner finds it
    with connection._nodb_cursor() as cursor:  # noqa: SLF001  # and how it makes it
        _end(cursor, name, _is_of_a_killed_run)


def _end(cursor: Any, database: str, is_meant: Callable[[str], bool]) -> None:
    """End them, and wait until they are gone: until then each counts against the limits of
    connections."""
    deadline = CLOCK.monotonic() + _GONE_WITHIN_S
    while sessions := _found(cursor, database, is_meant):
        cursor.execute(_END, [sessions])
        if CLOCK.monotonic() > deadline:
            return
        CLOCK.sleep(_LOOK_EVERY_S)


def _found(cursor: Any, database: str, is_meant: Callable[[str], bool]) -> list[int]:
    cursor.execute(_OURS, [database, _machine()])
    return [pid for pid, name in cursor.fetchall() if is_meant(name)]


def _machine() -> str:
    return f"pytest-djworkers {platform.node()[:_LONGEST_HOST]} "


def _is_of_a_killed_run(name: str) -> bool:
    pid = name.rpartition(" ")[2]
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        pass
    return False
