"""Prepares the site for a launch: seeds its databases, and reads what the tests have changed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_djworkers.databases.checks import TestDatabases
from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.progress import Phase
from pytest_djworkers.run.site.django_settings import read_changed_settings
from pytest_djworkers.run.site.isolated_process import IsolatedProcess
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.runtime import this_runtime
from pytest_djworkers.units import written

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker


def _refuse_other_than_function(seed: object) -> None:
    if callable(seed):
        return
    # Rows of the fixture itself are there once: a transactional test empties the tables.
    advice = "; put the code that makes them into a function, and return that" * (seed is None)
    raise DatabaseError(
        "the fixture djworkers_seed must return a function that creates the rows, but it returns"
        f" {written(seed)}{advice}"
    )


def _refuse_coroutine(returned: object) -> None:
    if inspect.iscoroutine(returned):
        # Else Python warns that it was never awaited.
        returned.close()
        raise DatabaseError(
            "djworkers_seed returns an async function, which would create no rows: return"
            " asgiref.sync.async_to_sync(function), or a function that is not async"
        )


def prepare_site(
    spec: LaunchSpec,
    *,
    databases: TestDatabases,
    seed: Callable[[], object],
    blocker: DjangoDbBlocker,
    isolated: IsolatedProcess,
    keeps_options: bool,
    environment: Mapping[str, str],
) -> LaunchSpec:
    """Call ``seed``, and return the spec with what a test may have changed by now.

    ``keeps_options`` is True if the served site has settings of its own, whose options of the
    databases are kept. ``environment`` has more variables for the site.

    Raises DatabaseError if a server could not see the rows that the test sees, and OverrideError
    for a changed setting that can't be given to a server.
    """
    # Rows in an open transaction are invisible to other connections.
    databases.refuse_transaction()
    _refuse_other_than_function(seed)
    changed = read_changed_settings(isolated.values)
    with blocker.unblock():
        databases.end_sessions()
        targets = databases.targets(keeps_options=keeps_options)
        spec.progress.begin(Phase("seed", runs_site_code=True))
        _refuse_coroutine(seed())
        databases.refuse_uncommitted("djworkers_seed")
    databases.close_connections()
    return replace(
        spec,
        databases=targets,
        # A test may have added to sys.path.
        runtime=this_runtime(spec.runtime.folder),
        isolation=isolated.isolation,
        changed_settings=changed,
        environment=environment,
    )
