"""How the test databases are made, for servers that share them."""

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
_RIGHTS = """
    SELECT current_setting('transaction_read_only') = 'on',
        rolsuper OR rolcreatedb,
        EXISTS (SELECT FROM pg_database WHERE datname = %s)
    FROM pg_roles WHERE rolname = current_user
"""


def move_out_of_memory(folder: Path) -> None:
    """Give in-memory SQLite test databases a file, before they are created.

    Raises DatabaseError for settings that do not keep that.
    """
    from django.db import connections

    for alias in connections:
        connection: Any = connections[alias]
        if connection.vendor != "sqlite":
            continue
        name = connection.settings_dict["TEST"].get("NAME") or ":memory:"
        if connection.creation.is_in_memory_db(name):
            path = str(folder / f"test-{alias}.sqlite3")
            # The whole of it: it may be a copy, as dynaconf gives it.
            test = {**connection.settings_dict["TEST"], "NAME": path}
            connection.settings_dict["TEST"] = test
            if connection.settings_dict["TEST"].get("NAME") != path:
                raise DatabaseError(
                    f"database {alias!r} is in-memory SQLite, which a server in another process"
                    " can't see, and its settings do not keep another TEST: give"
                    " DATABASES[...]['TEST']['NAME'] a file"
                )


def find_unusable_aliases(left_out: Collection[str], *, keeps: bool) -> dict[str, str]:
    """The aliases beside the default one for which no test database can be made, and why; without
    load tests nobody might have asked for them. ``keeps`` is whether one that is there is used.

    Takes 5 seconds at most for each that can't be reached.
    """
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
            warnings.simplefilter("ignore")  # how Django finds its way to a database
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
    """While pytest-django looks which databases the session's tests need, let one of them need
    these: the server may use any."""
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
