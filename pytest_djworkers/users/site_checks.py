"""Finds in the settings if a user can be logged in, and if a form needs a token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

from pytest_djworkers.errors import BurstArgumentError

_CSRF = "django.middleware.csrf.CsrfViewMiddleware"
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
_OWN_WAY = "send what the site knows a client by with headers= or cookies="
_UNSHARED_CACHES = (
    "django.core.cache.backends.locmem.LocMemCache",
    "django.core.cache.backends.dummy.DummyCache",
)


def has_csrf_middleware() -> bool:
    """Return True if the site checks the CSRF tokens of all views."""
    return _has_middleware(_CSRF)


def refuse_unusable_sessions(*, needs_users: bool) -> None:
    """Raise BurstArgumentError if a session made here would mean nothing to the site's servers."""
    from django.apps import apps
    from django.conf import settings

    what = "user=" if needs_users else "a CSRF token"
    if not _has_middleware(_SESSIONS):
        raise BurstArgumentError(
            f"{what}: MIDDLEWARE has no session middleware ({_SESSIONS}), so no session means"
            f" anything to the site: {_OWN_WAY}"
        )
    if needs_users and not _has_middleware(_AUTH):
        raise BurstArgumentError(
            f"user=: MIDDLEWARE has no authentication middleware ({_AUTH}), so no request has a"
            f" user: {_OWN_WAY}"
        )
    engine = settings.SESSION_ENGINE
    is_in_database = engine.endswith(("sessions.backends.db", "sessions.backends.cached_db"))
    if is_in_database and not apps.is_installed("django.contrib.sessions"):
        raise BurstArgumentError(
            f"{what}: SESSION_ENGINE is {engine}, but INSTALLED_APPS has no"
            " django.contrib.sessions, so there is no table for sessions: install it, or choose"
            " another engine"
        )
    if keeps_sessions_in_cache():
        _refuse_unshared_cache(what)


def keeps_sessions_in_cache() -> bool:
    """Return True if sessions are in a cache and nowhere else."""
    from django.conf import settings
    from django.contrib.sessions.backends import cache

    # Not cached_db, which looks into the database for what its cache hasn't.
    return issubclass(import_module(settings.SESSION_ENGINE).SessionStore, cache.SessionStore)


def _refuse_unshared_cache(what: str) -> None:
    from django.conf import settings
    from django.core.cache import caches

    alias = settings.SESSION_CACHE_ALIAS
    for kind in type(caches[alias]).__mro__:
        path = f"{kind.__module__}.{kind.__qualname__}"
        if path in _UNSHARED_CACHES:
            raise BurstArgumentError(
                f"{what}: sessions are kept in the cache {alias!r}, a {kind.__name__}, which no"
                " other process sees: choose another SESSION_ENGINE, such as"
                " django.contrib.sessions.backends.db, in settings for load tests"
                " (--djworkers-settings)"
            )


def _has_middleware(wanted: str) -> bool:
    """Return True if MIDDLEWARE has this class, or one that derives from it."""
    from django.utils.module_loading import import_string

    of_wanted = import_string(wanted)
    return any(issubclass(one, of_wanted) for one in _middleware_classes())


def _middleware_classes() -> Iterator[type[Any]]:
    from django.conf import settings
    from django.utils.module_loading import import_string

    for path in settings.MIDDLEWARE:
        # The server reports a wrong entry itself. Others are functions.
        with suppress(ImportError):
            if isinstance(found := import_string(path), type):
                yield found
