"""Protects caches that others share: each key gets the run's prefix, and others' keys stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial, wraps
from itertools import islice
from types import ModuleType
from typing import Any

from pytest_djworkers.entry.apply_isolation import isolation_of
from pytest_djworkers.entry.brief import Brief
from pytest_djworkers.entry.import_hooks import after_import
from pytest_djworkers.entry.isolation import FILE_CACHES, OWN_CACHES, Isolation, isolated

_AT_ONCE = 1000
"""The number of keys in one command to Redis."""


def guard_caches(settings: Any, brief: Brief) -> None:
    """Guard every cache that the site opens. An Adjustment."""
    isolation = isolation_of(settings, brief)
    if isolation is not None:
        after_import("django.core.cache", partial(_hook, isolation))


def _hook(isolation: Isolation, module: ModuleType) -> None:
    handler: Any = module.CacheHandler
    if not hasattr(handler.create_connection, "__wrapped__"):
        handler.create_connection = guarded(handler.create_connection, isolation)


def guarded(original: Callable[[Any, str], Any], isolation: Isolation) -> Callable[[Any, str], Any]:
    """Return ``CacheHandler.create_connection`` so that each cache that it makes is guarded."""

    @wraps(original)
    def create_connection(self: Any, alias: str) -> Any:
        _move_files(self.settings, alias, isolation)
        cache = original(self, alias)
        if not _is_own(cache):
            _guard(cache, alias, isolation.prefix)
        return cache

    return create_connection


def delete_keys(cache: Any, part: str) -> bool:
    """Delete the keys that contain ``part``; return False if this cache can't list its keys."""
    client = _redis_client(cache)
    if not hasattr(client, "scan_iter"):
        return False
    keys: Iterator[bytes] = client.scan_iter(match=f"*{part}*", count=_AT_ONCE)
    while some := list(islice(keys, _AT_ONCE)):
        client.delete(*some)
    return True


def _move_files(caches: dict[str, Any], alias: str, isolation: Isolation) -> None:
    """Move the folder of a file cache whose class is the site's own."""
    # Before the cache is made: it creates its folder at once. The setting itself was not changed,
    # since a class of the site's own can be told as a file cache only by importing it.
    from django.utils.module_loading import import_string

    entry = caches[alias]
    with suppress(ImportError, KeyError):  # Django reports a wrong entry itself
        if _is_a(import_string(entry["BACKEND"]), FILE_CACHES):
            plain = {"CACHES": {alias: {**entry, "BACKEND": FILE_CACHES[0]}}}
            moved = {**plain, **isolated(plain, isolation)}
            caches[alias] = {**entry, "LOCATION": moved["CACHES"][alias]["LOCATION"]}


def _is_own(cache: Any) -> bool:
    return _is_a(type(cache), (*OWN_CACHES, *FILE_CACHES))


def _is_a(kind: Any, names: tuple[str, ...]) -> bool:
    return any(f"{one.__module__}.{one.__qualname__}" in names for one in kind.__mro__)


def _guard(cache: Any, alias: str, prefix: str) -> None:
    if prefix not in cache.make_key("key", version=1):
        # A KEY_FUNCTION of the site's own may ignore KEY_PREFIX.
        original = cache.key_func
        cache.key_func = lambda *args: f"{prefix}{original(*args)}"
    cache.clear = partial(_clear, cache, alias, prefix)


def _clear(cache: Any, alias: str, prefix: str, **_: Any) -> bool:
    """Delete only this run's keys. (The original deletes everybody's.)"""
    if delete_keys(cache, prefix):
        return True
    raise RuntimeError(
        f"refusing to clear cache {alias!r} ({type(cache).__qualname__}): others share it, and its"
        " keys can't be listed to delete this server's alone. Give the served site a cache of its"
        " own, in settings for load tests (--djworkers-settings)"
    )


def _redis_client(cache: Any) -> Any:
    """Return the Redis client of Django's own backend or of django-redis; None for other caches."""
    with suppress(AttributeError, TypeError):
        return cache._cache.get_client(None, write=True)  # noqa: SLF001  # there is no other way
    with suppress(AttributeError, TypeError):
        return cache.client.get_client(write=True)
    return None
