"""Prepares how pytest-django makes the test databases, so that servers can share them."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_djworkers.errors import DatabaseError

if TYPE_CHECKING:
    import pytest

_REACHED_WITHIN_S = 5
# Rights that making a test database needs, and whether there is one already.
_RIGHTS = """
    SELECT current_setting('transaction_read_only') = 'on',
        rolsuper OR rolcreatedb,
        EXISTS (SELECT FROM pg_database WHERE datname = %s)
    FROM pg_roles WHERE rolname = current_user
"""


def move_out_of_memory(folder: Path) -> None:
    """Give in-memory SQLite test databases a file, before they are created.

    Raises DatabaseError if the settings don't keep the file's name.
    """
    from django.db import connections

    for alias in connections:
        connection: Any = connections[alias]
        if connection.vendor != "sqlite":
            continue
        name = connection.settings_dict["TEST"].get("NAME") or ":memory:"
        if connection.creation.is_in_memory_db(name):
            path = str(folder / f"test-{alias}.sqlite3")
            # All of TEST is set, not only its NAME: what dynaconf returns may be a copy.
            test = {**connection.settings_dict["TEST"], "NAME": path}
            connection.settings_dict["TEST"] = test
            if connection.settings_dict["TEST"].get("NAME") != path:
                raise DatabaseError(
                    f"database {alias!r} is in-memory SQLite, which a server in another process"
                    " can't see, and its settings do not keep another TEST: give"
                    " DATABASES[...]['TEST']['NAME'] a file"
                )


def find_unusable_aliases(left_out: Collection[str], *, keeps: bool) -> dict[str, str]:
    """Return the aliases for which no test database can be made, with the reason.

    With ``keeps`` an existing test database is used again (``--reuse-db``). Takes 5 seconds at most
    for each database that can't be reached.
    """
    # Without load tests, pytest-django may never have been asked for these databases. The default
    # one is always asked for, so Django reports what is wrong with it.
    from django.db import connections

    found = {}
    for alias in connections:
        connection: Any = connections[alias]
        if alias in left_out or alias == "default" or connection.settings_dict["TEST"]["MIRROR"]:
            continue
        if connection.vendor == "postgresql" and (reason := _why_unusable(connection, keeps)):
            found[alias] = reason
    return found


def _why_unusable(connection: Any, keeps: bool) -> str | None:
    from django.db import Error

    name = connection.creation._get_test_db_name()  # noqa: SLF001  # the name is in no other place
    options = {"connect_timeout": _REACHED_WITHIN_S, **connection.settings_dict["OPTIONS"]}
    one = type(connection)({**connection.settings_dict, "OPTIONS": options}, connection.alias)
    try:
        with warnings.catch_warnings():
            # Django warns if it can't connect to the database "postgres" and tries another one.
            warnings.simplefilter("ignore")
            with one._nodb_cursor() as cursor:  # noqa: SLF001  # as Django's creation does
                cursor.execute(_RIGHTS, [name])
                is_read_only, may_create, is_there = cursor.fetchone()
    except Error as error:
        return f"it can't be reached ({' '.join(str(error).split())})"
    if is_read_only:
        return "it is read-only"
    if not may_create and not (keeps and is_there):
        return f"its user {connection.settings_dict['USER']!r} may not create databases"
    return None


@contextmanager
def explain_failed_creation() -> Iterator[None]:
    """While Django makes the test databases, raise DatabaseError if it gives up.

    Django then writes the reason to standard error and ends the process (SystemExit).
    """
    from django.db import connections

    failed: list[Any] = []
    with ExitStack() as observers:
        for alias in connections:
            observers.enter_context(_noting_failure(connections[alias], failed))
        try:
            yield
        except SystemExit as error:
            reason = str(error.__context__ or "no reason was given").strip()
            raise DatabaseError(_why_not_made(failed[0] if failed else None, reason)) from None


@contextmanager
def _noting_failure(connection: Any, failed: list[Any]) -> Iterator[None]:
    """Add the connection to a list if Django gives up making its test database."""
    # The SystemExit does not say whose database it is about. Django calls this method once for
    # each alias that has a test database of its own, so it is wrapped for as long as that takes.
    creation = connection.creation
    before, create = vars(creation).copy(), creation.create_test_db

    def create_test_db(*args: Any, **kwargs: Any) -> Any:
        try:
            return create(*args, **kwargs)
        except SystemExit:
            failed.append(connection)
            raise

    creation.create_test_db = create_test_db
    try:
        yield
    finally:
        del creation.create_test_db
        vars(creation).update(before)


def _why_not_made(connection: Any, reason: str) -> str:
    """Return the message for the user; ``connection`` is None if it is not known which failed."""
    if connection is None:
        return f"the test databases could not be made: {reason}"
    name = connection.creation._get_test_db_name()  # noqa: SLF001  # the name is in no other place yet
    said = f"test database {name!r} of {connection.alias!r} could not be made: {reason}"
    if connection.alias != "default":
        said += (
            "\nWhere load tests do not need it, leave it out of them with"
            f" --djworkers-ignore-database={connection.alias}"
        )
    if "permission denied to create" not in reason:
        return said
    user = connection.settings_dict["USER"]
    return (
        f"{said}\nLet the user {user!r} make databases (in PostgreSQL: ALTER ROLE {user} CREATEDB),"
        f" or have {name!r} made for them (CREATE DATABASE {name} OWNER {user}) and run with"
        " --reuse-db"
    )


@contextmanager
def request_databases(aliases: Collection[str], items: list[pytest.Item]) -> Iterator[None]:
    """While this is entered, let the first of the items need these databases.

    pytest-django makes only those that tests say they need, and the server may use any.
    """
    import pytest

    item = items[0]
    marker = item.get_closest_marker("django_db")
    keywords = {**(marker.kwargs if marker else {}), "databases": sorted(aliases)}
    wish = pytest.mark.django_db(*(marker.args if marker else ()), **keywords).mark
    item.own_markers.insert(0, wish)
    try:
        yield
    finally:
        item.own_markers.remove(wish)
