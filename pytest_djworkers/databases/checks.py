"""The test databases of the run, and the conditions under which servers can share them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pytest_djworkers.databases import sessions
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.entry.connection_checks import POSTGRESQL_SAYS
from pytest_djworkers.entry.typed_json import NotPlainError, encoded
from pytest_djworkers.errors import DatabaseError

_DUMMY = "django.db.backends.dummy"


class TestDatabases:
    """The test databases that load tests need: of every alias that isn't left out."""

    # pytest takes each class whose name begins with Test for one of tests.
    __test__ = False

    def __init__(self, left_out: Collection[str] = ()) -> None:
        self.left_out = tuple(left_out)
        """Aliases that the user has left out of load tests."""
        self.unusable: Mapping[str, str] = {}
        """Aliases for which no test database can be made, with the reason in words."""
        self._real: dict[str, str] = {}

    @property
    def wanted(self) -> tuple[str, ...]:
        """The aliases that load tests use."""
        return tuple(connection.alias for connection in self._connections())

    def note_real_names(self) -> None:
        """Remember the names of the real databases, before the aliases get test databases."""
        from django.db import connections

        for alias in connections:
            self._real.setdefault(alias, str(connections[alias].settings_dict["NAME"] or ""))

    def targets(self, *, keeps_options: bool = False) -> dict[str, DatabaseTarget]:
        """Return pytest-django's test databases by alias.

        Call it after ``django_db_setup``, with the databases unblocked. With ``keeps_options`` the
        server keeps the OPTIONS of its own settings. Raises DatabaseError for a database in memory,
        which no other process can see, and for an alias that can't be used.
        """
        for alias, reason in self.unusable.items():
            raise DatabaseError(
                f"database {alias!r} can't be used: {reason}. Load tests need a test database for"
                f" it; or leave it out of them with --djworkers-ignore-database={alias}"
            )
        found = {one.alias: _target(one, self._real) for one in self._connections()}
        if keeps_options:
            return {alias: replace(target, options=None) for alias, target in found.items()}
        return found

    def refuse_transaction(self) -> None:
        """Raise DatabaseError if the test holds a transaction."""
        # The server would never see the rows of the transaction, and it would lock SQLite.
        atomic = [one.alias for one in self._connections() if one.in_atomic_block]
        if atomic:
            raise DatabaseError(
                f"this test holds a transaction on database {_in_words(atomic)} (the"
                " fixture db or the mark django_db), so a server in another process can't see its"
                " rows: use djworkers_seed for the rows, or transactional_db"
                " (django_db(transaction=True))"
            )
        self.refuse_uncommitted("this test")

    def refuse_uncommitted(self, culprit: str) -> None:
        """Raise DatabaseError if a transaction has been begun by hand and not committed, or if
        autocommit was switched off. ``culprit`` is who did it, in words."""
        # The rows would be lost when the connection is closed.
        held = [one.alias for one in self._connections() if _is_in_transaction(one)]
        if held:
            raise DatabaseError(
                f"{culprit} left a transaction open on database {_in_words(held)}, so a server in"
                " another process can't see its rows: commit it (django.db.transaction.commit())"
            )

    def close_connections(self) -> None:
        """Close this process's connections."""
        # An open one could hold a lock while the server works, and would keep a database that two
        # aliases share from being dropped.
        for connection in self._connections():
            if not connection.in_atomic_block:
                sessions.disconnect(connection)

    def end_sessions(self) -> None:
        """End the sessions that servers, which are gone by now, have left running in PostgreSQL."""
        # PostgreSQL doesn't notice that a client is gone before it has finished the query.
        for connection in self._connections():
            if connection.vendor == "postgresql" and not connection.in_atomic_block:
                sessions.end_sessions(connection)

    def end_sessions_of_killed_runs(self) -> None:
        """End the sessions of killed runs in test databases of PostgreSQL, before Django drops them
        and makes them anew."""
        from django.db import Error

        for connection in self._connections():
            if connection.vendor == "postgresql":
                # If PostgreSQL can't be reached, Django reports that next.
                with suppress(Error):
                    sessions.end_sessions_of_killed_runs(connection)

    def _connections(self) -> list[Any]:
        return [
            connection
            for connection in _all_connections()
            if connection.alias not in self.left_out and connection.alias not in self.unusable
        ]


def _all_connections() -> list[Any]:
    from django.db import connections

    return [
        connection
        for connection in connections.all()
        if connection.settings_dict["ENGINE"] != _DUMMY
    ]


def _target(connection: Any, real: Mapping[str, str]) -> DatabaseTarget:
    settings = connection.settings_dict
    name, cluster = str(settings["NAME"]), ""
    if connection.vendor == "sqlite":
        if connection.creation.is_in_memory_db(name):
            raise DatabaseError(
                f"database {connection.alias!r} is in-memory SQLite, which a server in another"
                " process can't see: give DATABASES[...]['TEST']['NAME'] a file"
            )
        # The server has a current folder of its own, which the site may change.
        name = name if name.startswith("file:") else os.path.abspath(name)  # noqa: PTH100  # without following links
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(POSTGRESQL_SAYS)
            cluster = cursor.fetchone()[1]
    user, password, host, port = (
        str(settings[key] or "") for key in ("USER", "PASSWORD", "HOST", "PORT")
    )
    return DatabaseTarget(
        name,
        user,
        password,
        host,
        port,
        engine=settings["ENGINE"],
        options=_encoded_options(settings.get("OPTIONS") or {}),
        real=real.get(connection.alias, ""),
        cluster=cluster,
    )


def _encoded_options(options: Any) -> Any:
    """Return the OPTIONS for the brief; None if they aren't plain data: the server then keeps the
    site's own."""
    try:
        return encoded(_as_plain(options))
    except NotPlainError:
        return None


def _as_plain(value: Any) -> Any:
    """Return the value with plain dicts in place of those of a settings library."""
    if isinstance(value, Mapping):
        return {key: _as_plain(one) for key, one in value.items()}
    return value


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
