"""Points the site's DATABASES at the test databases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pytest_djworkers.entry.allowed_databases import note_real
from pytest_djworkers.entry.brief import Brief
from pytest_djworkers.entry.changed_settings import settings_module_of

DUMMY = "django.db.backends.dummy"
_NONE = {None, "", DUMMY}
_MARK = "DJWORKERS"
"""A key that marks an entry of DATABASES as redirected. Settings objects share the dicts of their
module, so the same entry may come here again."""


def refuse_other_aliases(settings: Any, brief: Brief) -> None:
    """Raise RuntimeError if settings for the served site alone have other database aliases than the
    tests. An Adjustment."""
    if not brief.is_for_load(settings_module_of(settings)):
        return
    here, tests = set(settings.DATABASES), {*brief.databases, *brief.left_out}
    missing = tests - here if brief.tree is None else set()
    for aliases, what in (
        (here - tests, "which the tests' settings do not, so that it has no test database"),
        (missing, ""),
    ):
        if aliases:
            named = " and ".join(map(repr, sorted(aliases)))
            said = (
                f"have database {named}, {what}" if what else f"lack database {named} of the tests"
            )
            raise RuntimeError(
                f"refusing to serve: the settings {brief.settings_module} (--djworkers-settings)"
                f" {said}. Let both have the same aliases"
            )


def redirect_databases(settings: Any, brief: Brief) -> None:
    """Point every alias at its test database. An Adjustment.

    Raises RuntimeError if an alias has none, or if the settings don't keep what is set.
    """
    if not settings.DATABASES:
        return
    # The dicts are changed in place as well: other code may have a reference to them.
    settings.DATABASES = redirected(settings.DATABASES, brief)
    for alias, database in settings.DATABASES.items():
        target = brief.databases.get(alias)
        if target and _is_used(database) and str(database.get("NAME")) != target.name:
            raise RuntimeError(
                f"refusing to serve database {alias!r} ({database.get('NAME')}): settings.DATABASES"
                f" ({type(settings).__module__}) does not keep the test database that was set there"
            )


def redirected(databases: Mapping[str, Any], brief: Brief) -> dict[str, Any]:
    """Return the databases, each of which is changed in place."""
    for alias, database in databases.items():
        if _is_used(database) and _MARK not in database:
            note_real(database)
            database.update(_changes(alias, database, brief))
    return dict(databases)


def _is_used(database: Mapping[str, Any]) -> bool:
    return bool(database) and database.get("ENGINE") not in _NONE


def _changes(alias: str, database: Mapping[str, Any], brief: Brief) -> dict[str, Any]:
    if alias in brief.left_out:
        # Code that gets around the checks of connections finds no database there.
        return {_MARK: "left out", "NAME": f"/left-out-of-load-tests/{alias}"}
    target, name = brief.databases.get(alias), database.get("NAME")
    if target is None or str(name) == target.name:
        raise RuntimeError(
            f"refusing to serve database {alias!r} ({name}): it is not a test database. Let"
            " pytest-django create one (its fixture django_db_setup), or leave it out of load tests"
            f" with --djworkers-ignore-database={alias}."
        )
    changes = {_MARK: "redirected", **target.settings()}
    if target.engine and target.engine != database["ENGINE"] and target.options is None:
        raise RuntimeError(
            f"refusing to serve database {alias!r}: in the tests its ENGINE is {target.engine},"
            f" and {database['ENGINE']} here, and these OPTIONS are not for both: let both have"
            " the same ENGINE"
        )
    options = changes.get("OPTIONS", database.get("OPTIONS")) or {}
    if "application_name" in options:
        # The sessions of servers that are gone are found by the name in the environment.
        changes["OPTIONS"] = {**options, "application_name": os.environ["PGAPPNAME"]}
    return changes
