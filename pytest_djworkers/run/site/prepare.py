"""The site to serve: its databases seeded and named, and what it has in place of real files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from types import MethodType
from typing import TYPE_CHECKING, Any

from pytest_djworkers.databases.checks import TestDatabases
from pytest_djworkers.entry.caches import delete_keys, guarded
from pytest_djworkers.entry.isolation import SETTINGS, Isolation, isolated
from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.run.site.changed_settings import carried
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.runtime import this_runtime

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

_OF_LOGS = ("LOGGING", "FILE_UPLOAD_TEMP_DIR")
"""Settings that this process has read already, or that are nothing to a test."""


@dataclass(frozen=True, slots=True)
class Apart:
    """What this process writes to in place of what is real: the same as its servers."""

    isolation: Isolation
    values: Mapping[str, Any]
    """The settings that say so."""


@contextmanager
def kept_apart(isolation: Isolation) -> Iterator[Apart]:
    """While entered, files and caches of this process are those of its servers: a test and its
    seed see what they write, and write nothing that is real."""
    from django.conf import settings
    from django.test import override_settings

    isolation.make()
    effective = {name: getattr(settings, name, None) for name in SETTINGS if name not in _OF_LOGS}
    values = {
        name: value for name, value in isolated(effective, isolation).items() if name in effective
    }
    with override_settings(**values), _sessions_looked_up_again(), _caches_guarded(isolation):
        yield Apart(isolation, values)


@contextmanager
def _caches_guarded(isolation: Isolation) -> Iterator[None]:
    """In this process as in the servers; and none of their keys is left in a cache that can list
    them."""
    from django.core.cache import CacheHandler, caches

    opened = guarded(CacheHandler.create_connection, isolation)
    caches.create_connection = MethodType(opened, caches)  # type: ignore[method-assign]  # for one run
    try:
        yield
        for alias in caches:
            with suppress(Exception):  # it was there for the servers, or for nobody
                # Of the arms, too, whose prefixes begin with it.
                delete_keys(caches[alias], isolation.prefix.removesuffix(":"))
    finally:
        del caches.create_connection


@contextmanager
def _sessions_looked_up_again() -> Iterator[None]:
    """Django's sessions in files remember their folder for as long as the process runs."""
    _forget_session_folder()
    yield
    _forget_session_folder()


def _forget_session_folder() -> None:
    from importlib import import_module

    from django.conf import settings

    if settings.SESSION_ENGINE == "django.contrib.sessions.backends.file":
        store = import_module(settings.SESSION_ENGINE).SessionStore
        if "_storage_path" in vars(store):
            del store._storage_path  # noqa: SLF001  # Django forgets it never


def _refuse_async(made: object) -> None:
    if inspect.iscoroutine(made):
        made.close()
        raise DatabaseError(
            "djworkers_seed gives an async function, which would make no rows: give"
            " asgiref.sync.async_to_sync(function), or one that is not async"
        )


def prepare_site(
    spec: LaunchSpec,
    *,
    databases: TestDatabases,
    seed: Callable[[], None] | None,
    blocker: DjangoDbBlocker,
    apart: Apart,
    keeps_options: bool,
) -> LaunchSpec:
    """Run the user's seed, and return the spec with what a test may have changed by now.

    ``keeps_options`` says that the served site has settings of its own, with options of the
    databases that stay as they are there. Raises DatabaseError if a server could not see what the
    test sees, and OverrideError for a setting that it can't be given.
    """
    databases.refuse_transaction()
    if seed is not None and not callable(seed):
        raise DatabaseError(
            "the fixture djworkers_seed must return a function that makes the rows, and it"
            f" returns {seed!r}"
        )
    changed = carried(apart.values)
    with blocker.unblock():
        databases.end_sessions()
        targets = databases.targets(keeps_options=keeps_options)
        if seed is not None:
            _refuse_async(seed())
            databases.refuse_uncommitted("djworkers_seed")
    databases.close_connections()
    return replace(
        spec,
        databases=targets,
        # A test may have added to sys.path.
        runtime=this_runtime(spec.runtime.folder),
        isolation=apart.isolation,
        carried=changed,
    )
