"""What the pytest process tells the server's processes, in a file that only the user can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from pytest_djworkers.entry.tree import Bounds
from pytest_djworkers.system.private import write_privately

ENVIRONMENT_KEY = "DJWORKERS_BRIEF"


def write_for_the_user(file: Path, data: Any) -> None:
    """Write JSON that nobody else can read."""
    write_privately(file, json.dumps(data).encode())


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """Where a test database is: Django's setting of the same name, in lower case."""

    name: str
    user: str = ""
    password: str = ""
    host: str = ""
    port: str = ""

    def settings(self) -> dict[str, str]:
        """As keys of Django's DATABASES."""
        return {key.upper(): value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Brief:
    """What ``entry/app.py`` has to know."""

    settings_module: str
    databases: Mapping[str, DatabaseTarget]
    ready_socket: str
    tree: str | None = None
    """The folder that the site's settings and URLs must lie in."""
    bounds: Bounds | None = None
    """What none of its code may come from, where there is such a tree."""

    def write(self, file: Path) -> None:
        """Write it for the user's eyes only: it may hold a password."""
        write_for_the_user(file, asdict(self))

    @classmethod
    def read(cls, file: str) -> Self:
        """The inverse of ``write``."""
        data: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
        databases = {alias: DatabaseTarget(**target) for alias, target in data["databases"].items()}
        bounds = None if data["bounds"] is None else Bounds.from_dict(data["bounds"])
        return cls(data["settings_module"], databases, data["ready_socket"], data["tree"], bounds)
