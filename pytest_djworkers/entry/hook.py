"""Adjusts the settings when they come into being, in any Python process of a server.

``startup/sitecustomize.py`` installs it when the interpreter starts, so that it is there before any
code of the site's, and ``entry/app.py`` once more. Until Django's settings are imported it does
nothing, and imports next to nothing.
"""

from __future__ import annotations

import os
import sys
from functools import wraps

from pytest_djworkers.entry.imports import after_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

STARTUP = os.path.join(os.path.dirname(__file__), "startup")
"""The folder that must come first in PYTHONPATH."""


def install() -> None:
    """Do it in this process, once. The brief must be in the environment."""
    after_import("django.conf", _hook_settings)


def _hook_settings(conf: ModuleType) -> None:
    """Adjust the settings that a module makes, and those that ``settings.configure()`` makes."""
    if hasattr(conf.Settings.__init__, "__wrapped__"):
        return
    _hold_to_its_tree()
    conf.Settings.__init__ = _adjusted_when_made(conf.Settings.__init__)
    conf.LazySettings.configure = _adjusted_when_configured(conf.LazySettings.configure)
    if conf.settings.configured:
        _adjust(conf.settings)


def _adjusted_when_made(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def init(self: Any, *args: Any, **named: Any) -> None:
        original(self, *args, **named)
        _adjust(self)

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


def _hold_to_its_tree() -> None:
    """Before the settings are imported, and the site by them; in a comparison alone."""
    from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief

    bounds = Brief.read(os.environ[ENVIRONMENT_KEY]).bounds
    if bounds is not None:
        from pytest_djworkers.entry.gate import hold_imports

        hold_imports(bounds)


def _adjust(settings: Any) -> None:
    from pytest_djworkers.entry.adjust import adjust
    from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief

    adjust(settings, Brief.read(os.environ[ENVIRONMENT_KEY]))
