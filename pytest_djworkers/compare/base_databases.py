"""Base's test databases where its migrations are not head's: made and seeded by base's own code,
as Django's test runner makes them.

A comparison is fair only where both arms work on the same rows. Since these come from two sources
then, the rows of all tables that both have are counted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

from pytest_djworkers.compare.arms import Arm, NotComparable
from pytest_djworkers.compare.remote import ask
from pytest_djworkers.compare.remote_main import found_in
from pytest_djworkers.databases.copies import rows_in
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.errors import ServerError, ServerStartError
from pytest_djworkers.server.launch import LaunchSpec

_WITHIN_S = 600.0
_BOOKKEEPING = {"django_migrations", "django_content_type", "auth_permission"}
"""Tables whose rows are about the code."""


def make_own_databases(
    base: Arm,
    seed: Callable[[], None] | None,
    spec: LaunchSpec,
    *,
    migrates: bool,
    of_head: Mapping[str, DatabaseTarget],
) -> frozenset[str]:
    """Have base's code make its databases, where the arm says; the aliases that it has.

    ``migrates`` is whether migrations are run at all, as for head. It takes 10 minutes at most.
    Raises NotComparable where base can't make the rows, and ServerError where its own code fails.
    """
    try:
        found = ask(
            "databases",
            # Until they are made, it sees head's: what it does as it starts finds tables there.
            replace(spec, runtime=base.runtime, databases=of_head, isolation=base.isolation),
            within_s=_WITHIN_S,
            to_make=base.databases,
            seed=None if seed is None else _import_path(seed),
            tree=str(base.runtime.tree),
            migrates=migrates,
        )
    except ServerStartError as error:
        raise ServerError(f"{base.label}: its test databases can't be made: {error}") from None
    if "missing" in found:
        raise NotComparable(f"base has no {found['missing']}, which is djworkers_seed here")
    return frozenset(found["aliases"])


def refuse_other_rows(
    base: Mapping[str, DatabaseTarget], head: Mapping[str, DatabaseTarget]
) -> None:
    """Raise NotComparable where a table has more rows, or fewer, in base's own databases."""
    for alias, target in base.items():
        made, wanted = rows_in(alias, target.name), rows_in(alias, head[alias].name)
        for table in sorted((made.keys() & wanted.keys()) - _BOOKKEEPING):
            if made[table] != wanted[table]:
                raise NotComparable(
                    f"base's own migrations and seed leave {made[table]:,} rows in {table}, and"
                    f" there are {wanted[table]:,} here"
                )


def _import_path(seed: Callable[[], None]) -> tuple[str, str]:
    """The module and the name that base's code is asked to import."""
    module, name = getattr(seed, "__module__", ""), getattr(seed, "__qualname__", "")
    if not name or found_in(sys.modules.get(module), name) is not seed:
        raise NotComparable(
            "djworkers_seed gives a function that base can't import: define it in a module, not"
            " in the fixture"
        )
    return module, name
