"""Sessions in a cache alone: each arm of a comparison looks for them under keys of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MethodType
from typing import Any, Self

from pytest_djworkers.entry.caches import guarded
from pytest_djworkers.entry.isolation import Isolation, isolated


@dataclass(frozen=True, slots=True, repr=False)
class CachedSessions:
    """The entries of sessions in a cache that others share."""

    alias: str = ""
    entries: Mapping[str, Any] = field(default_factory=dict)
    """The entries by their keys, without prefixes."""

    @classmethod
    def of(cls, keys: Iterable[str]) -> Self:
        """Return those of the sessions with these keys, as this process sees them."""
        from django.conf import settings
        from django.core.cache import caches

        store = import_module(settings.SESSION_ENGINE).SessionStore
        names = [store(key).cache_key for key in keys]
        return cls(
            settings.SESSION_CACHE_ALIAS, caches[settings.SESSION_CACHE_ALIAS].get_many(names)
        )

    def copy_to(self, isolation: Isolation) -> None:
        """Write them where a server with this isolation looks for them."""
        from django.conf import settings
        from django.core.cache import CacheHandler, caches

        if not self.entries:
            return
        there: Any = CacheHandler(isolated({"CACHES": settings.CACHES}, isolation)["CACHES"])
        there.create_connection = MethodType(
            guarded(CacheHandler.create_connection, isolation), there
        )
        # Files and tables are copied as a whole.
        if there[self.alias].make_key("") == caches[self.alias].make_key(""):
            return
        there[self.alias].set_many(self.entries, settings.SESSION_COOKIE_AGE)
        there[self.alias].close()
