"""Adjusts Django's settings at the moment they are created, whatever configures Django."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from pytest_djworkers.entry.adjustments import adjust
from pytest_djworkers.entry.brief import this_brief
from pytest_djworkers.entry.connection_checks import close_what_is_open
from pytest_djworkers.entry.redirect_databases import redirected
from pytest_djworkers.entry.tree_imports import hold_imports


def hook_settings(conf: ModuleType) -> None:
    """Adjust settings that are made from a module or by ``settings.configure()``."""
    bounds = this_brief().bounds
    if bounds is not None:
        # Only in a comparison. This must come before the import of the settings module, which may
        # import the site.
        hold_imports(bounds)
    conf.Settings.__init__ = _adjusted_when_made(conf.Settings.__init__)
    conf.LazySettings.configure = _adjusted_when_configured(conf.LazySettings.configure)
    if sys.modules["django.conf"].settings.configured:
        _adjust_late(sys.modules["django.conf"].settings)


def _adjusted_when_made(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def init(self: Any, *args: Any, **named: Any) -> None:
        original(self, *args, **named)
        _adjust(self)
        if (other := _other_settings()) is not None:
            _adjust(other)

    return init


def _adjusted_when_configured(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def configure(self: Any, *args: Any, **named: Any) -> None:
        original(self, *args, **named)
        try:
            _adjust(self)
        except BaseException:
            self._wrapped = sys.modules["django.utils.functional"].empty  # as it was before
            raise

    return configure


def _other_settings() -> Any:
    """Return the object that Django's modules read instead of Django's settings, if the settings
    module has put one in their place, as dynaconf does; None otherwise."""
    conf = sys.modules["django.conf"]
    # Not isinstance(): dynaconf's object claims the module's __class__.
    return None if issubclass(type(conf), ModuleType) else conf.settings


def _adjust(settings: Any) -> None:
    adjust(settings, this_brief())


def _adjust_late(settings: Any) -> None:
    """Adjust settings that were made before this hook was there, and close connections that were
    opened with them."""
    _adjust(settings)
    if "django.db" in sys.modules:
        redirected(sys.modules["django.db"].connections.settings, this_brief())
        close_what_is_open()
