"""The site's databases, pointed at the test databases."""

from __future__ import annotations

import os
from typing import Any

from pytest_djworkers.entry.brief import Brief, DatabaseTarget

_redirected: list[dict[str, Any]] = []
"""The settings module's own values, which every object made of that module has."""


def redirect_databases(settings: Any, brief: Brief) -> None:
    """Point every alias at its test database. Raises RuntimeError for one that has none."""
    databases = settings.DATABASES
    for alias, database in databases.items():
        _redirect(alias, database, brief.databases.get(alias))


def _redirect(alias: str, database: dict[str, Any], target: DatabaseTarget | None) -> None:
    if not database or database.get("ENGINE") in {None, "", "django.db.backends.dummy"}:
        return
    if any(database is one for one in _redirected):
        return
    if target is None or str(database.get("NAME")) == target.name:
        raise RuntimeError(
            f"refusing to serve database {alias!r} ({database.get('NAME')}): it is not a test"
            " database. Let pytest-django create one (its fixture django_db_setup)."
        )
    database.update(target.settings())
    _redirected.append(database)
    options = database.get("OPTIONS", {})
    if "application_name" in options:
        # By the one in the environment the sessions are found when this process is gone.
        database["OPTIONS"] = {**options, "application_name": os.environ["PGAPPNAME"]}
