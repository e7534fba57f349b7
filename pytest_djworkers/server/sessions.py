"""What servers leave running in PostgreSQL.

A session whose server was killed goes on until its query is done; until then tables are locked, and
the database can't be dropped. Sessions are known by their application name.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import Any

_LONGEST_HOST = 30
"""PostgreSQL keeps 63 bytes of the whole name."""
_OURS = """
    SELECT pid, application_name FROM pg_stat_activity
    WHERE datname = %s AND usename = session_user AND starts_with(application_name, %s)
"""
_END = "SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid"


def application_name() -> str:
    """What PostgreSQL knows the sessions of this run's servers by: machine and process."""
    return f"{_machine()}{os.getpid()}"


def end_sessions(connection: Any) -> None:
    """End what this run's servers left in the database of a connection, as the same user."""
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
    cursor.execute(_OURS, [database, _machine()])
    if sessions := [pid for pid, name in cursor.fetchall() if is_meant(name)]:
        cursor.execute(_END, [sessions])


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
