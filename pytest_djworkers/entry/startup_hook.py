"""Installs this package's hooks in each Python process of a server, before any code of the site.

``startup/sitecustomize.py`` calls this when the interpreter starts, and ``entry/app.py`` again. It
does nothing, and imports next to nothing, until one of the modules below is imported.
"""

from __future__ import annotations

import os

from pytest_djworkers.entry.import_hooks import after_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

STARTUP = os.path.join(os.path.dirname(__file__), "startup")
"""The folder of ``sitecustomize.py``, which must come first in PYTHONPATH."""
_ACTIONS = (
    ("django.conf", "settings_hook", "hook_settings"),
    ("django.core.handlers.base", "counting_chain", "hook_handlers"),
    ("django.core.handlers.base", "call_counter", "hook_handlers"),
    ("django.core.handlers.base", "stack_sampler", "hook_handlers"),
    ("django.db.backends.signals", "connection_checks", "check_after"),
    ("django.db.backends.base.base", "connection_checks", "check_before"),
    ("_sqlite3", "driver_checks", "watch_sqlite"),
    ("psycopg", "driver_checks", "watch_psycopg"),
    ("psycopg2", "driver_checks", "watch_psycopg2"),
)
"""Modules, and for each the module in ``entry/`` with the function to call after its import."""
_installed: list[bool] = []


def install() -> None:
    """Install the hooks in this process, once. The brief must be in the environment."""
    if not _installed:
        _installed.append(True)
        for module, ours, function in _ACTIONS:
            after_import(module, _action(ours, function))


def _action(ours: str, function: str) -> Callable[[ModuleType], None]:
    def act(module: ModuleType) -> None:
        from importlib import import_module

        getattr(import_module(f"pytest_djworkers.entry.{ours}"), function)(module)

    return act
