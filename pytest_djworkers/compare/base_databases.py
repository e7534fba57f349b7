"""Base's own test databases, for a base whose migrations differ from head's.

Base's code makes and seeds them, as Django's test runner does. A comparison is fair only if both
arms work on the same rows. Here the rows come from two sources, so the rows of every table that
both arms have are counted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from pytest_djworkers.compare.arms import Arm, Databases, NotComparable
from pytest_djworkers.compare.remote import run_remotely
from pytest_djworkers.compare.remote_main import MAKE_DATABASES, find_attribute
from pytest_djworkers.databases.copies import rows_in
from pytest_djworkers.errors import ServerError, ServerStartError
from pytest_djworkers.server.launch import LaunchSpec

_TIMEOUT_S = 600.0
_BOOKKEEPING = {"django_migrations", "django_content_type", "auth_permission", "django_session"}
"""Tables whose rows depend on the code, so that they differ wherever migrations do; and that of
sessions, to which each burst of a run adds its own."""


def make_own_databases(
    base: Arm,
    seed: Callable[[], None] | None,
    spec: LaunchSpec,
    *,
    migrates: bool,
    head_databases: Databases,
) -> frozenset[str]:
    """Let base's code make the databases of ``base``, and return the aliases that it has.

    ``migrates`` is False if the test run creates tables without migrations. It takes 10 minutes at
    most. Raises NotComparable if base can't make the rows, and ServerError if its code fails.
    """
    # Until its own databases are made, base sees head's: code that queries at start-up, such as
    # AppConfig.ready, finds tables there.
    spec = replace(spec, runtime=base.runtime, databases=head_databases, isolation=base.isolation)
    arguments = {
        "seed": None if seed is None else _import_path(seed),
        # Without a tree of its own, where two environments serve the working tree.
        "tree": None if base.runtime.tree is None else str(base.runtime.tree),
        "migrates": migrates,
    }
    try:
        made = run_remotely(
            MAKE_DATABASES, spec, timeout_s=_TIMEOUT_S, arguments=arguments, to_make=base.databases
        )
    except ServerStartError as error:
        raise ServerError(f"{base.label}: its test databases can't be made: {error}") from None
    if "missing" in made:
        raise NotComparable(f"base has no {made['missing']}, which djworkers_seed returns here")
    return frozenset(made["aliases"])


def refuse_different_rows(base: Databases, head: Databases) -> None:
    """Raise NotComparable if a table has another number of rows in base than in head."""
    for alias, target in base.items():
        in_base, in_head = rows_in(alias, target.name), rows_in(alias, head[alias].name)
        for table in sorted((in_base.keys() & in_head.keys()) - _BOOKKEEPING):
            if in_base[table] != in_head[table]:
                raise NotComparable(
                    f"base's migrations and seed create {in_base[table]:,} rows in {table}, and"
                    f" head's create {in_head[table]:,}"
                )


def _import_path(seed: Callable[[], None]) -> tuple[str, str]:
    """Return the module and the name by which base's code can import the seed function."""
    module, name = getattr(seed, "__module__", ""), getattr(seed, "__qualname__", "")
    if not name or find_attribute(sys.modules.get(module), name) is not seed:
        raise NotComparable(
            "djworkers_seed returns a function that base can't import: define it in a module, not"
            " in the fixture"
        )
    return module, name
