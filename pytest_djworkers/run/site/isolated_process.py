"""Isolates pytest's own process as the servers are: same files, same caches, nothing real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MethodType
from typing import Any

from pytest_djworkers.entry.caches import delete_keys, guarded
from pytest_djworkers.entry.isolation import SETTINGS, Isolation, isolated

_NOT_HERE = ("LOGGING", "FILE_UPLOAD_TEMP_DIR")
"""Settings that only servers are given: this process has set up logging already, and a test
uploads nothing to it."""


@dataclass(frozen=True, slots=True)
class IsolatedProcess:
    """The place that this process and its servers write to, and the settings that lead there."""

    isolation: Isolation
    values: Mapping[str, Any]
    """The values of Django's settings, by name."""


@contextmanager
def isolate_process(isolation: Isolation) -> Iterator[IsolatedProcess]:
    """While entered, let a test and its seed see what servers write, and write nothing real."""
    from django.conf import settings
    from django.test import override_settings

    isolation.make()
    effective = {name: getattr(settings, name, None) for name in SETTINGS if name not in _NOT_HERE}
    values = {
        name: value for name, value in isolated(effective, isolation).items() if name in effective
    }
    with override_settings(**values), _session_folder_forgotten(), _caches_guarded(isolation):
        yield IsolatedProcess(isolation, values)


@contextmanager
def _caches_guarded(isolation: Isolation) -> Iterator[None]:
    """Prefix the keys of every cache; at the end, delete those in caches that can list them."""
    from django.core.cache import CacheHandler, caches

    opened = guarded(CacheHandler.create_connection, isolation)
    caches.create_connection = MethodType(opened, caches)  # type: ignore[method-assign]  # for one run
    try:
        yield
        for alias in caches:
            # A cache that is down by now may have been there for the servers.
            with suppress(Exception):
                # Without the colon, it is the beginning of the prefixes of both arms, too.
                delete_keys(caches[alias], isolation.prefix.removesuffix(":"))
    finally:
        # The method of the class is in effect again.
        del caches.create_connection


@contextmanager
def _session_folder_forgotten() -> Iterator[None]:
    _forget_session_folder()
    yield
    _forget_session_folder()


def _forget_session_folder() -> None:
    from importlib import import_module

    from django.conf import settings

    # Django reads SESSION_FILE_PATH once, and keeps it on the class for the process's life.
    if settings.SESSION_ENGINE == "django.contrib.sessions.backends.file":
        store = import_module(settings.SESSION_ENGINE).SessionStore
        if "_storage_path" in vars(store):
            del store._storage_path  # noqa: SLF001  # there is no public way
