"""What an arm's code says and makes, in a process of that arm: ``python -m`` this module.

Its interpreter may have nothing of what this package needs but Django. Question and answer are
files, since the one may hold a password, and the arm's code may print.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.app import refuse_another_tree
from pytest_djworkers.entry.brief import this_brief
from pytest_djworkers.entry.search_path import look_in
from pytest_djworkers.entry.startup_hook import install
from pytest_djworkers.entry.strays import TreeBounds
from pytest_djworkers.entry.tree_imports import hold_imports


def found_in(module: Any, name: str) -> Any:
    """What a module has under a dotted name; None where it has nothing."""
    return reduce(lambda value, part: getattr(value, part, None), name.split("."), module)


def _leaves() -> list[tuple[str, str]]:
    """The last migrations of each app, in order."""
    import django

    django.setup()
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, ignore_no_migrations=True)
    return sorted(loader.graph.leaf_nodes())


def _databases(seed: list[str] | None, tree: str, migrates: bool) -> dict[str, Any]:
    """Make the test databases that the brief asks for, as Django's test runner does, and seed
    them; which of them this arm has."""
    import django
    from django.db import connections
    from django.test.utils import setup_databases, setup_test_environment

    django.setup()
    refuse_another_tree(Path(tree))
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
        # The whole of it: it may be a copy.
        settings["TEST"] = {
            **settings["TEST"],
            "NAME": to_make[alias].name,
            "MIGRATE": migrates and settings["TEST"]["MIGRATE"],
        }
    wanted = dict.fromkeys(aliases, False)  # none is kept in memory, to be restored
    setup_databases(0, interactive=False, aliases=wanted, serialized_aliases=[])
    if make_rows is not None:
        make_rows()
    connections.close_all()
    return {"aliases": aliases}


def _imported(module: str, name: str) -> Any:
    try:
        return found_in(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
    return None


_ANSWERS: dict[str, Callable[..., Any]] = {"leaves": _leaves, "databases": _databases}


def _main(asked: str, answered: str) -> None:
    question = json.loads(Path(asked).read_text(encoding="utf-8"))
    look_in(question.pop("search_path"))
    bounds = question.pop("bounds")
    strays = None if bounds is None else hold_imports(TreeBounds.from_dict(bounds))
    install()
    if os.environ.get("DJANGO_CONFIGURATION"):
        importlib.import_module("configurations").setup()
    found = _ANSWERS[question.pop("what")](**question)
    if strays is not None:
        strays.refuse()
    Path(answered).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    _main(*sys.argv[1:])
