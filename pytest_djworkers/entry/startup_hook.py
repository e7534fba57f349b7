"""What is there before any code of the site's, in each Python process of a server.

``startup/sitecustomize.py`` installs it when the interpreter starts, and ``entry/app.py`` again.
Until the modules below are imported it does nothing, and imports next to nothing.
"""

from __future__ import annotations

import os

from pytest_djworkers.entry.import_hooks import after_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

STARTUP = os.path.join(os.path.dirname(__file__), "startup")
"""The folder that must come first in PYTHONPATH."""
_ACTIONS = (
    ("django.conf", "settings_hook", "hook_settings"),
    ("django.db.backends.signals", "connection_checks", "check_after"),
    ("django.db.backends.base.base", "connection_checks", "check_before"),
    ("_sqlite3", "driver_checks", "watch_sqlite"),
    ("psycopg", "driver_checks", "watch_psycopg"),
    ("psycopg2", "driver_checks", "watch_psycopg2"),
)
"""Modules, and the function of ours that is given each as soon as it is there."""
_installed: list[bool] = []


def install() -> None:
    """Do it in this process, once. The brief must be in the environment."""
    if not _installed:
        _installed.append(True)
        for module, ours, function in _ACTIONS:
            after_import(module, _action(ours, function))


def _action(ours: str, function: str) -> Callable[[ModuleType], None]:
    def act(module: ModuleType) -> None:
        from importlib import import_module

        getattr(import_module(f"pytest_djworkers.entry.{ours}"), function)(module)

    return act
