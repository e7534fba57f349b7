"""Refuses connections to the site's real databases that are made without Django.

Other databases are not refused here: a site may use a driver for databases that DATABASES lacks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from pytest_djworkers.entry.allowed_databases import RefusedDatabaseError, allowed_databases


def watch_sqlite(module: ModuleType) -> None:  # noqa: ARG001  # the audit hook is the interpreter's
    """Refuse the files of the site's real databases, whoever opens them with ``sqlite3``."""
    sys.addaudithook(_audit)


def watch_psycopg(module: ModuleType) -> None:
    """Refuse the site's real databases to ``psycopg``, with its pools and async connections."""
    module.Connection.connect = classmethod(_checked(module.Connection.connect.__func__))
    module.AsyncConnection.connect = classmethod(
        _checked_async(module.AsyncConnection.connect.__func__)
    )
    module.connect = module.Connection.connect  # type: ignore[attr-defined]  # a module


def watch_psycopg2(module: ModuleType) -> None:
    """Refuse the site's real databases to ``psycopg2``."""
    module.connect = _checked(module.connect)  # type: ignore[attr-defined]  # a module


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "sqlite3.connect" and allowed_databases().is_real_file(arguments[0]):
        raise allowed_databases().refuse_driver("sqlite3", arguments[0])


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connect(*arguments: Any, **named: Any) -> Any:
        connection = original(*arguments, **named)
        name = connection.info.dbname
        if allowed_databases().is_real(name):
            connection.close()
            raise _refused(original, name)
        return connection

    return connect


def _checked_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def connect(*arguments: Any, **named: Any) -> Any:
        connection = await original(*arguments, **named)
        name = connection.info.dbname
        if allowed_databases().is_real(name):
            await connection.close()
            raise _refused(original, name)
        return connection

    return connect


def _refused(connect: Callable[..., Any], name: str) -> RefusedDatabaseError:
    return allowed_databases().refuse_driver(connect.__module__, f"PostgreSQL's database {name}")
