"""What an arm's code says of itself, in a process of that arm: ``python -m`` this module.

Before the first launch: whether the site can be set up at all, and which migrations it ends in.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.server.environment import child_environment
from pytest_djworkers.server.home import Home

_SHOWN_LINES = 15


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found."""

    leaves: tuple[tuple[str, str], ...]
    """The last migrations of each app, in order."""


def survey(home: Home, settings_module: str, *, within_s: float) -> Survey:
    """Ask an arm. Raises ServerStartError, with the end of what it said, where it can't be set
    up."""
    environment = child_environment(
        DJANGO_SETTINGS_MODULE=settings_module, PYTHONPATH=os.pathsep.join(home.search_path)
    )
    try:
        done = subprocess.run(
            [home.python, "-P", "-m", __name__],
            cwd=home.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ServerStartError(f"its site is not set up within {within_s:g}s") from None
    except OSError as error:
        raise ServerStartError(f"{home.python}: {error.strerror}") from None
    if done.returncode:
        last = "\n".join(f"    {line}" for line in done.stderr.splitlines()[-_SHOWN_LINES:])
        raise ServerStartError(f"its site can't be set up:\n{last}")
    found = json.loads(done.stdout.splitlines()[-1])
    return Survey(tuple((app, name) for app, name in found["leaves"]))


def _look() -> dict[str, Any]:
    if os.environ.get("DJANGO_CONFIGURATION"):
        importlib.import_module("configurations").setup()
    import django

    django.setup()
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {"leaves": sorted(loader.graph.leaf_nodes())}


if __name__ == "__main__":
    sys.stdout.write(f"\n{json.dumps(_look())}\n")
