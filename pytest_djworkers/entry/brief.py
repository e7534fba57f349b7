"""What the pytest process tells the server's processes, in a file that only the user can read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

from pytest_djworkers.entry.changed_settings import ChangedSettings
from pytest_djworkers.entry.isolation import Isolation
from pytest_djworkers.entry.tree_bounds import TreeBounds
from pytest_djworkers.entry.typed_json import decoded
from pytest_djworkers.system.files import write_private

ENVIRONMENT_KEY = "DJWORKERS_BRIEF"


def write_for_the_user(file: Path, data: Any) -> None:
    """Write JSON that nobody else can read."""
    write_private(file, json.dumps(data).encode())


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """Where a test database is: Django's setting of the same name, in lower case."""

    name: str
    user: str = ""
    password: str = ""
    host: str = ""
    port: str = ""
    engine: str = ""
    """Empty for the site's own."""
    options: Any = None
    """As ``typed_json.encoded`` gives them; None for the site's own, or if not plain."""
    real: str = ""
    """The NAME of the database that it stands for, as the pytest process has it."""
    cluster: str = ""
    """What tells its database server from others, as that says itself; empty for not known."""

    def settings(self) -> dict[str, Any]:
        """As keys of Django's DATABASES."""
        found: dict[str, Any] = {
            "NAME": self.name,
            "USER": self.user,
            "PASSWORD": self.password,
            "HOST": self.host,
            "PORT": self.port,
        }
        if self.engine:
            found["ENGINE"] = self.engine
        if self.options is not None:
            found["OPTIONS"] = decoded(self.options)
        return found


@dataclass(frozen=True, slots=True)
class Brief:
    """What ``entry/app.py`` has to know."""

    settings_module: str
    databases: Mapping[str, DatabaseTarget]
    ready_socket: str
    tree: str | None = None
    """The folder that the site's settings and URLs must lie in."""
    bounds: TreeBounds | None = None
    """What none of its code may come from, where there is such a tree."""
    left_out: tuple[str, ...] = ()
    """Aliases that the user wants no load on: they may not be connected to."""
    to_make: Mapping[str, DatabaseTarget] = field(default_factory=dict)
    """Test databases that are made by whoever reads it; empty for a server."""
    application: str | None = None
    """The application to serve, as MODULE:ATTRIBUTE; None for what the site has."""
    search_path: tuple[str, ...] = ()
    """Where modules are looked for, in this order; none: as the process does already."""
    isolation: Isolation | None = None
    """Where the site writes; None where it is not told."""
    changed_settings: ChangedSettings = field(default_factory=ChangedSettings)
    """What tests have changed of its settings."""

    def is_for_load(self, settings_module: str) -> bool:
        """Return True if this is a settings module for the served site alone
        (``--djworkers-settings``), which the tests don't use."""
        of_tests = self.changed_settings.module
        return bool(of_tests) and settings_module == self.settings_module != of_tests

    def write(self, file: Path) -> None:
        """Write it for the user's eyes only: it may hold a password."""
        write_for_the_user(
            file, {**asdict(self), "changed_settings": self.changed_settings.to_json()}
        )

    @classmethod
    def read(cls, file: str) -> Self:
        """The inverse of ``write``."""
        data: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
        for name in ("databases", "to_make"):
            data[name] = {alias: DatabaseTarget(**one) for alias, one in data[name].items()}
        bounds = None if data["bounds"] is None else TreeBounds.from_dict(data["bounds"])
        for name in ("left_out", "search_path"):
            data[name] = tuple(data[name])
        data["isolation"] = data["isolation"] and Isolation.from_json(data["isolation"])
        data["changed_settings"] = ChangedSettings.from_json(data["changed_settings"])
        return cls(**{**data, "bounds": bounds})


@cache
def this_brief() -> Brief:
    """The one that this process was started with. Raises RuntimeError where there is none."""
    if (file := os.environ.get(ENVIRONMENT_KEY)) is None:
        raise RuntimeError(
            f"refusing to serve: {ENVIRONMENT_KEY}, which says where the test databases are, has"
            " been removed from the environment"
        )
    return Brief.read(file)
