"""Loads the site inside the server.

The server imports ``served/djworkers_wsgi.py`` or ``served/djworkers_asgi.py`` instead of the
user's module, and those load the site here: its settings are adjusted (``entry/settings_hook.py``),
its own application is loaded, and the pytest process gets a report when this process is ready. A
database that isn't a test database is never served. The facts for all this are in a ``Brief``.
"""

from __future__ import annotations

import importlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.allow_tracer import allow_tracer
from pytest_djworkers.entry.apply_test_changes import (
    apply_added_settings,
    report_differing_settings,
)
from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief, this_brief
from pytest_djworkers.entry.die_with_parent import die_with_parent
from pytest_djworkers.entry.find_application import application_of
from pytest_djworkers.entry.plain_view import add_plain_view
from pytest_djworkers.entry.proxy_header import report_proxy_header
from pytest_djworkers.entry.search_path import look_in, standard_library_first
from pytest_djworkers.entry.startup_hook import install
from pytest_djworkers.entry.startup_report import report_failure, report_ready
from pytest_djworkers.entry.tree_imports import hold_imports

_ERRORS_LOGGED = 3
"""The number of errors of a process that go to its log."""


def load(interface: str) -> Any:
    """Set this process up, and return the site's application for ``wsgi`` or ``asgi``."""
    die_with_parent()
    brief = this_brief()
    try:
        return _load(interface, brief)
    except (Exception, SystemExit) as error:
        report_failure(brief.ready_socket, error)
        raise


def _load(interface: str, brief: Brief) -> Any:
    look_in(brief.search_path)
    # In a comparison, everything that is imported from here on comes from this arm's tree.
    strays = None if brief.bounds is None else hold_imports(brief.bounds)
    with standard_library_first():
        _import_django(interface)
    os.environ["DJANGO_SETTINGS_MODULE"] = brief.settings_module
    install()
    _configure()
    from django.conf import settings

    application = application_of(
        interface, settings, brief.settings_module, brief.application
    ).load(interface)
    if brief.tree is not None:
        refuse_another_tree(Path(brief.tree))
    apply_added_settings(brief)
    logging.getLogger("django.request").addHandler(_FirstErrors(logging.ERROR))
    # The reason why a POST is refused is logged only there, and as a warning.
    logging.getLogger("django.security.csrf").addHandler(_FirstErrors(logging.WARNING))
    _load_urls()
    if brief.plain_view:
        add_plain_view(interface)
    _check_databases(brief)
    if strays is not None:
        strays.refuse()
    report_differing_settings(brief)
    report_proxy_header(Path(os.environ[ENVIRONMENT_KEY]).parent)
    if brief.stacks is not None:
        allow_tracer(brief.stacks.tracer)
    report_ready(brief.ready_socket)
    return application


def _import_django(interface: str) -> None:
    """Import Django's own modules, which needs no settings yet."""
    # A site may have an app that is named like a module that Django imports from the standard
    # library. In the pytest process, Django was imported first as well.
    for name in (f"core.{interface}", "core.mail", "db", "http", "shortcuts", "template", "urls"):
        importlib.import_module(f"django.{name}")
    # Python imports this one when a socket is first given a host name.
    importlib.import_module("encodings.idna")


def _load_urls() -> None:
    """Import the site's URLconf, and with it most of the site, as its first request would."""
    # The probe before a burst reaches one worker. With twenty workers on two CPUs, and views whose
    # imports take 0.3 s, the others would be importing for the first three seconds of the burst.
    from django.urls import get_resolver

    # A broken URLconf is an error of each request, which the probe reports. Raised here, it would
    # make some servers start the worker again and again.
    with suppress(Exception):
        _ = get_resolver().url_patterns


def _check_databases(brief: Brief) -> None:
    """Raise RefusedDatabaseError if an alias is connected to anything but a test database."""
    from pytest_djworkers.entry.connection_checks import check_all

    check_all(brief)


class _FirstErrors(logging.StreamHandler[Any]):
    """Writes the first few errors of a process to its log."""

    # Django's default logging, with DEBUG off, would mail them to nobody. Not all are written: a
    # burst makes thousands.

    def __init__(self, level: int) -> None:
        super().__init__()
        self.setLevel(level)
        self._left = _ERRORS_LOGGED

    def emit(self, record: logging.LogRecord) -> None:
        if self._left > 0:
            self._left -= 1
            super().emit(record)


def _configure() -> None:
    """Make Django create its settings, which the hook adjusts."""
    if os.environ.get("DJANGO_CONFIGURATION"):
        importlib.import_module("configurations").setup()
    from django.conf import settings

    _ = settings.DATABASES


def refuse_another_tree(tree: Path) -> None:
    """Raise RuntimeError if the settings or the URLconf lie outside of a tree."""
    # An editable install, or a path in the environment, would silently serve other files.
    from django.conf import settings

    for name in (os.environ["DJANGO_SETTINGS_MODULE"], settings.ROOT_URLCONF):
        file = importlib.import_module(name).__file__
        if file is None or not Path(file).resolve().is_relative_to(tree.resolve()):
            raise RuntimeError(
                f"refusing to serve: module {name!r} is {file}, which is not in {tree}. Is the"
                " project installed into the environment (an editable install), or named in"
                " PYTHONPATH? It must be found through a path inside its repository."
            )
