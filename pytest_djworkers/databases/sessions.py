"""Finds and ends the sessions that killed servers have left running in PostgreSQL.

Such a session goes on until its query is done. Until then it locks tables, and the database can't
be dropped. The sessions of servers are known by their application name.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import Any

from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.system.clock import CLOCK

_LONGEST_HOST = 30
"""The bytes of the host's name that are used. PostgreSQL keeps 63 bytes of an application name."""
_ROOM_WITHIN_S = 10.0
_GONE_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.05
_OURS = """
    SELECT pid, application_name FROM pg_stat_activity
    WHERE datname = %s AND usename = session_user AND starts_with(application_name, %s)
"""
_END = "SELECT pg_terminate_backend(pid), pg_stat_clear_snapshot() FROM unnest(%s::int[]) AS pid"
"""In a transaction PostgreSQL shows the list of sessions as it was at first, unless that snapshot
is cleared."""


def application_name() -> str:
    """Return the application name of the sessions of this run's servers: machine and process id."""
    return f"{_machine()}{os.getpid()}"


def connect(connection: Any) -> None:
    """Connect to a database, trying for up to 10 seconds. Raises DatabaseError after that."""
    # Sessions of servers that are gone may use up the connections that PostgreSQL allows. They end
    # by themselves, with their queries.
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
    """Close a connection, and the connections in its pool."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()


def end_sessions(connection: Any) -> None:
    """End the sessions of this run's servers in the database of a connection.

    Only those of the same user are ended. Raises DatabaseError if PostgreSQL can't be reached.
    """
    connect(connection)
    with connection.cursor() as cursor:
        end_sessions_in(cursor, connection.settings_dict["NAME"])


def end_sessions_in(cursor: Any, database: str) -> None:
    """End the sessions of this run's servers in a database; the cursor may be in another one."""
    _end(cursor, database, lambda name: name == application_name())


def end_sessions_of_killed_runs(connection: Any) -> None:
    """End the sessions of runs on this machine that are gone, in the test database of a connection.

    It may exist from such a run, and is about to be dropped and made anew.
    """
    name = connection.creation._get_test_db_name()  # noqa: SLF001  # as Django's runner finds it
    with connection._nodb_cursor() as cursor:  # noqa: SLF001  # and how it makes it
        _end(cursor, name, _is_of_a_killed_run)


def _end(cursor: Any, database: str, is_meant: Callable[[str], bool]) -> None:
    """End the sessions with a matching application name, and wait until they are gone."""
    # A session counts against the limit on connections until it is gone.
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
        os.kill(int(pid), 0)  # signal 0 only checks that there is such a process
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        pass
    return False
