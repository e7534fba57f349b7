"""What ``entry/wsgi.py`` and ``entry/asgi.py`` load inside the server.

The server imports those, not the user's module. This points Django at the test databases, turns
DEBUG off, keeps mail local, loads the site's own application, and reports the process as ready.
It refuses to serve a database that isn't a test database. What it has to know is in a
``Brief``, whose path is in the environment.
"""

from __future__ import annotations

import importlib
import logging
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief, DatabaseTarget

_ERRORS_LOGGED = 3


def load(interface: str) -> Any:
    """The site's application for ``wsgi`` or ``asgi``, once this process is set up to serve it."""
    brief = Brief.read(os.environ[ENVIRONMENT_KEY])
    os.environ["DJANGO_SETTINGS_MODULE"] = brief.settings_module
    _configure(brief)
    application = _site_application(interface)
    if brief.tree is not None:
        refuse_another_tree(Path(brief.tree))
    logging.getLogger("django.request").addHandler(_FirstErrors())
    _load_urls()
    _report_ready(brief.ready_socket)
    return application


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


def _report_ready(address: str) -> None:
    # Once all workers are there, nobody listens to one that replaces another.
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready,
        suppress(FileNotFoundError, ConnectionRefusedError),
    ):
        ready.sendto(str(os.getpid()).encode(), address)


class _FirstErrors(logging.StreamHandler[Any]):
    """Writes the first few of a process's errors to its log, where Django's default logging,
    without DEBUG, would mail them to nobody. Not all: a burst makes thousands."""

    def __init__(self) -> None:
        super().__init__()
        self.setLevel(logging.ERROR)
        self._left = _ERRORS_LOGGED

    def emit(self, record: logging.LogRecord) -> None:
        if self._left > 0:
            self._left -= 1
            super().emit(record)


def _configure(brief: Brief) -> None:
    if os.environ.get("DJANGO_CONFIGURATION"):
        importlib.import_module("configurations").setup()
    from django.conf import settings

    for alias, database in settings.DATABASES.items():
        _redirect(alias, database, brief.databases.get(alias))
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["*"]
    # Not locmem: it keeps every message of the burst.
    nowhere = "django.core.mail.backends.dummy.EmailBackend"
    # Django 6.1's setting, which excludes the older one; where it is in use, it is there.
    if mailers := getattr(settings, "MAILERS", None):
        settings.MAILERS = {alias: {"BACKEND": nowhere} for alias in mailers}
    else:
        settings.EMAIL_BACKEND = nowhere


def _redirect(alias: str, database: dict[str, Any], target: DatabaseTarget | None) -> None:
    """Point one database alias at its test database; refuse when there is none."""
    if not database or database.get("ENGINE") in {None, "", "django.db.backends.dummy"}:
        return
    if target is None or str(database.get("NAME")) == target.name:
        raise RuntimeError(
            f"refusing to serve database {alias!r} ({database.get('NAME')}): it is not a test"
            " database. Let pytest-django create one (its fixture django_db_setup)."
        )
    database.update(target.settings())
    options = database.get("OPTIONS", {})
    if "application_name" in options:
        # By the one in the environment the sessions are found when this process is gone.
        database["OPTIONS"] = {**options, "application_name": os.environ["PGAPPNAME"]}


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


def _site_application(interface: str) -> Any:
    """The site's ``WSGI_APPLICATION`` or ``ASGI_APPLICATION``; Django's own where it has none."""
    from django.conf import settings

    path = getattr(settings, f"{interface.upper()}_APPLICATION", None)
    if not path:
        module = importlib.import_module(f"django.core.{interface}")
        return getattr(module, f"get_{interface}_application")()
    name, _, attribute = path.rpartition(".")
    return getattr(importlib.import_module(name), attribute)
