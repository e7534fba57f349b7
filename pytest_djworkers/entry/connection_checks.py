"""Checks that Django's connections are connected to test databases, and refuses all others.

A connection is checked twice: before it is made, by its NAME, and when it is made, by what the
database itself reports, before anything else gets the connection. Both hold for every
DatabaseWrapper, whoever made it.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from functools import wraps
from types import ModuleType
from typing import Any

from pytest_djworkers.entry.allowed_databases import allowed_databases
from pytest_djworkers.entry.brief import Brief
from pytest_djworkers.entry.redirect_databases import DUMMY

POSTGRESQL_SAYS = (
    "SELECT current_database(), extract(epoch FROM pg_postmaster_start_time())::text,"
    " inet_server_addr()::text, current_setting('port')"
)
"""A query for a database's name, its server's identity, and the server's address and port.

The identity is the moment at which the server was started: every user may read it, and it is the
same whatever address leads to the server.
"""
_ALIAS = "DJWORKERS_ALIAS"
_MYSQL_SAYS = "SELECT DATABASE()"


def check_before(base: ModuleType) -> None:
    """Check each wrapper before it connects."""
    wrapper = base.BaseDatabaseWrapper
    if not hasattr(wrapper.connect, "__djworkers__"):
        wrapper.connect = _checked(wrapper.connect)


def check_after(signals: ModuleType) -> None:
    """Check each connection when it is made."""
    # Connected as soon as the signal exists, so that this receiver is the first: one of the site's
    # own could write to the database.
    signals.connection_created.connect(_check_connection, dispatch_uid="djworkers")


def check_all(brief: Brief) -> None:
    """Connect to every alias once, and raise RefusedDatabaseError if one leads elsewhere.

    A database that can't be reached is not an error here: the first query will report it.
    """
    # Django refuses to connect in a thread with a running event loop, which ASGI servers have when
    # they load the site. So the check is made in another thread.
    if asyncio._get_running_loop() is None:  # noqa: SLF001  # what async_unsafe looks at
        _check_each(brief)
        return
    failed: list[BaseException] = []

    def check() -> None:
        try:
            _check_each(brief)
        except BaseException as error:  # noqa: BLE001  # it is raised below
            failed.append(error)

    thread = threading.Thread(target=check, name="djworkers databases")
    thread.start()
    thread.join()
    for error in failed:
        raise error


def close_what_is_open() -> None:
    """Close every connection that Django has made in this process, also those of other threads."""
    # Each thread has wrappers of its own, which no list leads to: the garbage collector knows all.
    from django.db import connections
    from django.db.backends.base.base import BaseDatabaseWrapper

    for wrapper in [one for one in gc.get_objects() if isinstance(one, BaseDatabaseWrapper)]:
        raw, wrapper.connection = wrapper.connection, None
        if raw is not None:
            with suppress(Exception):
                raw.close()
    for alias in connections:
        connection: Any = connections[alias]
        if connection.vendor == "postgresql":
            connection.close_pool()


def _check_each(brief: Brief) -> None:
    from django.db import Error, connections
    from django.db.backends.base.base import NO_DB_ALIAS

    for alias in connections:
        settings = connections.settings[alias]
        if settings["ENGINE"] == DUMMY or alias in brief.left_out:
            continue
        target = brief.databases.get(alias)
        if target is None or str(settings["NAME"]) != target.name:
            raise allowed_databases().refuse(
                alias, f"{settings['NAME']} (its NAME in django.db.connections)"
            )
        # The alias NO_DB_ALIAS has no connection pool. The workers that this process forks would
        # share a pool that is opened here.
        connection = type(connections[alias])({**settings, _ALIAS: alias}, alias=NO_DB_ALIAS)
        try:
            with suppress(Error):
                connection.ensure_connection()
        finally:
            connection.close()


def _alias(connection: Any) -> str:
    """Return the alias by which users know the connection."""
    alias: str = connection.settings_dict.get(_ALIAS, connection.alias)
    return alias


def _checked(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def connect(self: Any) -> None:
        name = self.settings_dict["NAME"]
        if self.vendor == "sqlite":
            if not allowed_databases().is_known_file(name):
                raise allowed_databases().refuse(_alias(self), name)
        elif not allowed_databases().is_known(str(name or "postgres")):
            raise allowed_databases().refuse(_alias(self), name or "a database without a NAME")
        original(self)

    connect.__djworkers__ = True  # type: ignore[attr-defined]  # a function
    return connect


def _check_connection(*, connection: Any, **_: Any) -> None:
    found = next(_wrong(connection), None)
    if found is None:
        return
    error = allowed_databases().refuse(_alias(connection), found)
    raw = connection.connection
    with suppress(Exception):
        connection.close()
    # Django's own close() keeps a connection that it takes for one in memory or in a transaction.
    connection.connection = None
    with suppress(Exception):
        raw.close()
    raise error


def _wrong(connection: Any) -> Iterator[str]:
    """Yield words for everything but test databases that a new connection is connected to."""
    if connection.vendor == "sqlite":
        yield from _wrong_files(connection.connection)
        if _watch_attaching not in connection.execute_wrappers:
            connection.execute_wrappers.append(_watch_attaching)
    elif connection.vendor == "postgresql":
        yield from _wrong_in_postgresql(connection)
    elif connection.vendor == "mysql":
        ((name,),) = _rows(connection, _MYSQL_SAYS)
        if not allowed_databases().is_known(str(name)):
            yield f"MySQL's database {name}"


def _wrong_files(raw: Any) -> Iterator[str]:
    """Yield the SQLite files that are no test databases, also attached ones."""
    for _, _, file in raw.execute("PRAGMA database_list"):
        if not allowed_databases().is_known_file(file):
            yield str(file)


def _watch_attaching(
    execute: Callable[..., Any], sql: Any, parameters: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Run a statement, and check the connection again if it has attached a file."""
    result = execute(sql, parameters, many, context)
    if isinstance(sql, str) and sql.lstrip()[:6].upper() == "ATTACH":
        _check_connection(connection=context["connection"])
    return result


_looked_up: set[Hashable] = set()
"""Targets, by what libpq says of a connection, whose database has been asked for its identity.

Asking each time would cost a round trip for every request of a site that keeps no connections.
"""


def _wrong_in_postgresql(connection: Any) -> Iterator[str]:
    info = connection.connection.info
    key = (info.dbname, info.host, info.port, connection.settings_dict["OPTIONS"].get("service"))
    if key in _looked_up:
        return
    ((name, cluster, address, port),) = _rows(connection, POSTGRESQL_SAYS)
    if not allowed_databases().is_known(name, cluster):
        yield f"PostgreSQL's database {name} at {address or 'a socket'}, port {port},"
    _looked_up.add(key)


def _rows(connection: Any, query: str) -> list[Any]:
    raw = connection.connection
    with raw.cursor() as cursor:
        cursor.execute(query)
        rows = list(cursor.fetchall())
    if not connection.get_autocommit():
        raw.rollback()
    return rows
