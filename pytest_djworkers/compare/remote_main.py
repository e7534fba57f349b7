"""The tasks that run with an arm's own code: ``python -m`` this module, started by ``remote``.

The arm's interpreter may have none of the packages that this one needs, except Django: import
nothing else here, and no module that does. The request and the response are files, not arguments
and pipes, because the request may hold a password, and the arm's code may print.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.app import refuse_another_tree
from pytest_djworkers.entry.brief import this_brief, write_for_the_user
from pytest_djworkers.entry.search_path import look_in
from pytest_djworkers.entry.startup_hook import install
from pytest_djworkers.entry.tree_bounds import TreeBounds
from pytest_djworkers.entry.tree_imports import hold_imports
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.users.credentials import Credentials
from pytest_djworkers.users.find import FoundUser
from pytest_djworkers.users.make import make_credentials, repeat_sessions

LAST_MIGRATIONS = "last migrations"
MAKE_DATABASES = "make databases"
LOG_IN = "log in"


def find_attribute(module: Any, name: str) -> Any:
    """Return the attribute of a module with a dotted name; None if there is none."""
    return reduce(lambda value, part: getattr(value, part, None), name.split("."), module)


def _last_migrations() -> list[tuple[str, str]]:
    """Return the last migrations of each app, sorted."""
    import django

    django.setup()
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, ignore_no_migrations=True)
    return sorted(loader.graph.leaf_nodes())


def _make_databases(seed: list[str] | None, tree: str | None, migrates: bool) -> dict[str, Any]:
    """Make the test databases that the brief lists, as Django's test runner does, and seed them.

    Return the aliases that this arm has, or the dotted name of the seed if the arm lacks it.
    """
    import django
    from django.db import connections
    from django.test.utils import setup_databases, setup_test_environment

    django.setup()
    if tree is not None:
        refuse_another_tree(Path(tree))
    # Imported before anything is made: a base that lacks the seed is not compared, and then making
    # databases would be in vain.
    make_rows = None
    if seed is not None:
        make_rows = _imported(*seed)
        if make_rows is None:
            return {"missing": ".".join(seed)}
    setup_test_environment()
    to_make = this_brief().to_make
    aliases = sorted(to_make.keys() & set(connections))
    for alias in aliases:
        settings = connections[alias].settings_dict
        # Replaced as a whole: settings may share one dict between aliases.
        settings["TEST"] = {
            **settings["TEST"],
            "NAME": to_make[alias].name,
            "MIGRATE": migrates and settings["TEST"]["MIGRATE"],
        }
    # False: rows are not kept in memory to be restored after tests.
    wanted = dict.fromkeys(aliases, False)
    setup_databases(0, interactive=False, aliases=wanted, serialized_aliases=[])
    if make_rows is not None:
        make_rows()
    connections.close_all()
    return {"aliases": aliases}


def _log_in(logins: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the credentials that each of these logins needs, or why they can't be made.

    Where a login has credentials already, make its sessions once more.
    """
    import django
    from django.db import connections

    django.setup()
    try:
        made = [_credentials(**one) for one in logins]
    except BurstArgumentError as error:
        return {"refused": str(error)}
    finally:
        connections.close_all()
    return {"made": [asdict(one) for one in made]}


def _credentials(
    users: list[dict[str, Any]], csrf: bool, again: dict[str, Any] | None
) -> Credentials:
    found = [FoundUser.from_json(user) for user in users]
    if again is None:
        return make_credentials(found, csrf=csrf)
    credentials = Credentials.from_json(again)
    repeat_sessions(found, credentials)
    return credentials


def _imported(module: str, name: str) -> Any:
    try:
        return find_attribute(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        # Another module is missing: that is an error in the arm's code.
        if error.name != module:
            raise
    return None


_TASKS: dict[str, Callable[..., Any]] = {
    LAST_MIGRATIONS: _last_migrations,
    MAKE_DATABASES: _make_databases,
    LOG_IN: _log_in,
}


def _main(request_file: str, response_file: str) -> None:
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    # The order matters: the search path and the hooks must be there before any code of the site is
    # imported, and settings must be complete (django-configurations) before django.setup().
    look_in(request["search_path"])
    bounds = request["bounds"]
    strays = None if bounds is None else hold_imports(TreeBounds.from_dict(bounds))
    install()
    if os.environ.get("DJANGO_CONFIGURATION"):
        importlib.import_module("configurations").setup()
    result = _TASKS[request["task"]](**request["arguments"])
    if strays is not None:
        strays.refuse()
    # It may hold the keys of sessions.
    write_for_the_user(Path(response_file), result)


if __name__ == "__main__":
    _main(*sys.argv[1:])
