"""A Python process as a server starts it, with a site whose files and caches are real."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief
from pytest_djworkers.entry.changed_settings import ChangedSettings
from pytest_djworkers.entry.isolation import Isolation
from pytest_djworkers.entry.startup_hook import STARTUP
from pytest_djworkers.system.environment import child_environment

SETTINGS = """
SECRET_KEY = "of no use"
MEDIA_ROOT = "media"
STATIC_URL, STATIC_ROOT = "/static/", "static"
"""
PROLOGUE = """
import json, os, sys, django
from pathlib import Path
django.setup()

def tell(value):
    json.dump(value, sys.stdout)

"""
PREFIX = "djworkers-1:"


@dataclass
class Isolated:
    """A folder with a site, and what runs scripts there."""

    folder: Path
    settings: str = SETTINGS
    changed_settings: ChangedSettings = field(default_factory=lambda: ChangedSettings("settings"))
    served: str = "settings"

    @property
    def own(self) -> Path:
        """The folder that the site may write to."""
        return self.folder / "own"

    def write(self, name: str, text: str = "real") -> None:
        """Write a file of the site's."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def real(self) -> dict[str, str]:
        """Return the contents of the site's own files, by name."""
        return {
            str(file.relative_to(self.folder)): file.read_text()
            for file in self.folder.rglob("*.txt")
            if not file.is_relative_to(self.own)
        }

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run it where Django is set up."""
        self.write("settings.py", self.settings)
        brief = self.folder / "brief.json"
        isolation = Isolation(str(self.own), PREFIX)
        Brief(
            self.served, {}, "", isolation=isolation, changed_settings=self.changed_settings
        ).write(brief)
        environment = child_environment(
            (),
            DJANGO_SETTINGS_MODULE=self.served,
            PYTHONPATH=f"{STARTUP}:{self.folder}:{':'.join(path for path in sys.path if path)}",
            **{ENVIRONMENT_KEY: str(brief)},
        )
        return subprocess.run(
            [sys.executable, "-c", PROLOGUE + script],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def told(self, script: str) -> Any:
        """Run the script, and return what it prints as JSON."""
        done = self.run(script)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def isolated(tmp_path: Path) -> Isolated:
    """A site in a folder of its own."""
    return Isolated(tmp_path)
