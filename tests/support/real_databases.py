"""A site whose own database lies beside its test database, to see which of them is written to."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief, DatabaseTarget
from pytest_djworkers.entry.startup_hook import STARTUP
from pytest_djworkers.server.runtime import this_runtime
from pytest_djworkers.system.environment import child_environment
from tests.support.postgres import Cluster

MAKE_TABLE = "CREATE TABLE notes (text VARCHAR(200))"
TEXTS = "SELECT text FROM notes"
NOTES = """
def write(text, connection=None):
    if connection is None:
        from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO notes VALUES ('{text}')")
"""
"""The module by which all ways write; only what they write with differs."""


@dataclass
class Beside:
    """A folder with a site, and its databases; both have an empty table ``notes``."""

    folder: Path
    real: dict[str, Any]
    """Its DATABASES["default"]."""
    target: DatabaseTarget
    ask: Callable[[str, str], list[str]]
    """Gives the first column of a query in a database."""
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    has_startup: bool = True
    """True if our folder is first in PYTHONPATH, as servers have it."""

    def settings(self, more: str = "", **changes: Any) -> str:
        """A settings module, whose database has these changes."""
        return f"""
SECRET_KEY = "of no use"
INSTALLED_APPS = ["shop"]
WSGI_APPLICATION = "wsgi.application"
ROOT_URLCONF = "urls"
DATABASES = {{"default": { ({**self.real, **changes})!r}}}
{more}
"""

    def run(self, script: str, brief: Mapping[str, Any] | None = None) -> str:
        """Run a script in the site's folder, as a server is run; what it says."""
        files = {
            "notes.py": NOTES,
            "settings.py": self.settings(),
            "shop/__init__.py": "",
            "urls.py": "urlpatterns = []",
            "wsgi.py": "from django.core.wsgi import get_wsgi_application\n"
            "application = get_wsgi_application()",
            **self.files,
        }
        for name, text in files.items():
            file = self.folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        file = self.folder / "brief.json"
        Brief("settings", {"default": self.target}, "/nowhere", **(brief or {})).write(file)
        startup = [STARTUP] if self.has_startup else []
        path = [*startup, str(self.folder), this_runtime(self.folder).start_path]
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=self.folder,
            env=child_environment(
                (),
                DJANGO_SETTINGS_MODULE="settings",
                PGAPPNAME="beside",
                PYTHONPATH=":".join(path),
                **{ENVIRONMENT_KEY: str(file)},
                **self.environment,
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout + done.stderr

    @property
    def in_real(self) -> list[str]:
        """The texts that were written to the site's own database."""
        return self.ask(self.real["NAME"], TEXTS)

    @property
    def in_test(self) -> list[str]:
        """The texts that were written to the test database."""
        return self.ask(self.target.name, TEXTS)


def in_sqlite(folder: Path) -> Beside:
    """With databases that are files."""

    def ask(name: str, query: str) -> list[str]:
        with closing(sqlite3.connect(name)) as connection, connection:
            return [row[0] for row in connection.execute(query)]

    real, test = str(folder / "real.sqlite3"), str(folder / "test.sqlite3")
    for name in (real, test):
        ask(name, MAKE_TABLE)
    entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": real}
    return Beside(folder, entry, DatabaseTarget(test, real=real), ask)


def in_postgresql(folder: Path, cluster: Cluster) -> Beside:
    """With databases of a PostgreSQL; its user must drop them."""

    def ask(name: str, query: str) -> list[str]:
        return cluster.ask(query, database=name)

    for name in ("site", "test_site"):
        cluster.ask(f"CREATE DATABASE {name}")
        ask(name, MAKE_TABLE)
    entry = cluster.entry("site")
    target = DatabaseTarget(
        "test_site", entry["USER"], "", entry["HOST"], entry["PORT"], real="site"
    )
    return Beside(folder, entry, target, ask)


def told(output: str) -> dict[str, str]:
    """Return the outcome of each way that a script tried, from its lines of JSON."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    return {name: outcome for line in lines for name, outcome in json.loads(line).items()}
