"""What ``served/djworkers_entry.py`` loads inside the server.

The server imports those, not the user's module. This has Django's settings adjusted by
``entry/settings_hook.py`` (the test databases, DEBUG, mail), loads the site's own application, and
reports the process as ready. It refuses to serve a database that isn't a test database. What it has
to know is in a ``Brief``, whose path is in the environment.
"""

from __future__ import annotations

import importlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.apply_test_changes import (
    apply_added_settings,
    report_differing_settings,
)
from pytest_djworkers.entry.brief import Brief, this_brief
from pytest_djworkers.entry.die_with_parent import die_with_parent
from pytest_djworkers.entry.find_application import application_of
from pytest_djworkers.entry.search_path import look_in, standard_library_first
from pytest_djworkers.entry.startup_hook import install
from pytest_djworkers.entry.startup_report import report_failure, report_ready
from pytest_djworkers.entry.tree_imports import hold_imports

_ERRORS_LOGGED = 3


def load(interface: str) -> Any:
    """The site's application for ``wsgi`` or ``asgi``, once this process is set up to serve it."""
    die_with_parent()
    brief = this_brief()
    try:
        return _load(interface, brief)
    except (Exception, SystemExit) as error:
        report_failure(brief.ready_socket, error)
        raise


def _load(interface: str, brief: Brief) -> Any:
    look_in(brief.search_path)
    # What is imported from here on is the right tree's.
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
    # Why a POST is refused is said there alone, as a warning.
    logging.getLogger("django.security.csrf").addHandler(_FirstErrors(logging.WARNING))
    _load_urls()
    _check_databases(brief)
    if strays is not None:
        strays.refuse()
    report_differing_settings(brief)
    report_ready(brief.ready_socket)
    return application


def _import_django(interface: str) -> None:
    """Import what Django consists of, which needs no settings yet: a site may have an app that is
    named like a module that this imports, and in pytest's process that came first, too."""
    for name in (f"core.{interface}", "core.mail", "db", "http", "shortcuts", "template", "urls"):
        importlib.import_module(f"django.{name}")
    # Python itself imports it when a socket is first given a name.
    importlib.import_module("encodings.idna")


def _load_urls() -> None:
    """Import the site's URLconf, and with it most of the site, as its first request would.

    The probe before a burst reaches one worker. With twenty on two CPUs, and views whose imports
    take 0.3 s, the others would be importing for the burst's first three seconds.
    """
    from django.urls import get_resolver

    # What is wrong with it is an error of each request, and told by the probe: some servers
    # would start a worker that can't load again and again.
    with suppress(Exception):
        _ = get_resolver().url_patterns


def _check_databases(brief: Brief) -> None:
    """Refuse to serve where an alias is connected to what is no test database."""
    from pytest_djworkers.entry.connection_checks import check_all

    check_all(brief)


class _FirstErrors(logging.StreamHandler[Any]):
    """Writes the first few of a process's errors to its log, where Django's default logging,
    without DEBUG, would mail them to nobody. Not all: a burst makes thousands."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self.setLevel(level)
        self._left = _ERRORS_LOGGED

    def emit(self, record: logging.LogRecord) -> None:
        if self._left > 0:
            self._left -= 1
            super().emit(record)


def _configure() -> None:
    """Have Django make its settings, which the hook adjusts."""
    if os.environ.get("DJANGO_CONFIGURATION"):
        importlib.import_module("configurations").setup()
    from django.conf import settings

    _ = settings.DATABASES


def refuse_another_tree(tree: Path) -> None:
    """Raise RuntimeError where the settings or the URLs lie elsewhere: an editable install, or a
    path in the environment, would silently serve other files."""
    from django.conf import settings

    for name in (os.environ["DJANGO_SETTINGS_MODULE"], settings.ROOT_URLCONF):
        file = importlib.import_module(name).__file__
        if file is None or not Path(file).resolve().is_relative_to(tree.resolve()):
            raise RuntimeError(
                f"refusing to serve: module {name!r} is {file}, which is not in {tree}. Is the"
                " project installed into the environment (an editable install), or named in"
                " PYTHONPATH? It must be found through a path inside its repository."
            )
