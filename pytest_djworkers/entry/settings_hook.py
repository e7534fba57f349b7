"""Django's settings, adjusted at the moment they come into being, whatever configures Django."""

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
    """Adjust the settings that a module makes, and those that ``settings.configure()`` makes."""
    bounds = this_brief().bounds
    if bounds is not None:
        # Before the settings are imported, and the site by them; in a comparison alone.
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
    """What Django's modules read instead of Django's settings, where the settings module has put
    that in their place, as dynaconf does."""
    conf = sys.modules["django.conf"]
    # Not isinstance(): what dynaconf puts there has the module's __class__.
    return None if issubclass(type(conf), ModuleType) else conf.settings


def _adjust(settings: Any) -> None:
    adjust(settings, this_brief())


def _adjust_late(settings: Any) -> None:
    """The same where they were made before we were there: what was opened with them is closed."""
    _adjust(settings)
    if "django.db" in sys.modules:
        redirected(sys.modules["django.db"].connections.settings, this_brief())
        close_what_is_open()
