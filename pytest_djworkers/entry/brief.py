"""The brief: a file in which the pytest process tells the server's processes what they must know.

Only the user can read it. Its path is in the environment, as ``DJWORKERS_BRIEF``.
"""

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
from pytest_djworkers.entry.sampling import Counting, Sampling
from pytest_djworkers.entry.stack_sampling import StackSampling
from pytest_djworkers.entry.tree_bounds import TreeBounds
from pytest_djworkers.entry.typed_json import decoded
from pytest_djworkers.system.files import write_private

ENVIRONMENT_KEY = "DJWORKERS_BRIEF"


def write_for_the_user(file: Path, data: Any) -> None:
    """Write a file of JSON that only this user can read."""
    write_private(file, json.dumps(data).encode())


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """A test database, as Django's settings of the same names, in lower case, describe it."""

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
    """The NAME of the real database that it stands for, as the pytest process knows it."""
    cluster: str = ""
    """The identity of its database server, as the server itself reports it; empty if not known."""

    def settings(self) -> dict[str, Any]:
        """Return it as keys of an entry of Django's DATABASES."""
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
    """The facts that a process needs to serve the site, or to load it for another purpose."""

    settings_module: str
    databases: Mapping[str, DatabaseTarget]
    ready_socket: str
    tree: str | None = None
    """The folder that the site's settings and URLconf must lie in; None if it isn't checked."""
    bounds: TreeBounds | None = None
    """In a comparison, the tree of this arm and the one that no code may come from."""
    left_out: tuple[str, ...] = ()
    """Aliases that the user has left out of load tests: nothing may connect to them."""
    to_make: Mapping[str, DatabaseTarget] = field(default_factory=dict)
    """Test databases that the process is to make; empty for a server."""
    application: str | None = None
    """The application to serve, as MODULE:ATTRIBUTE; None to look for the site's own."""
    search_path: tuple[str, ...] = ()
    """The folders to look for modules in, in this order; empty to leave ``sys.path`` as it is."""
    isolation: Isolation | None = None
    """The folder and the prefix for what the site writes; None to leave it as it is."""
    changed_settings: ChangedSettings = field(default_factory=ChangedSettings)
    """The settings that tests have changed."""
    plain_view: bool = False
    """True if the plugin's own view is to be served, too."""
    sampling: Sampling | None = None
    """The secret that marks requests whose queries are counted; None to count none."""
    counting: Counting | None = None
    """The secrets that mark requests whose calls and memory are counted; None to count none."""
    stacks: StackSampling | None = None
    """The place for the stacks of requests in flight; None to sample none."""

    def is_for_load(self, settings_module: str) -> bool:
        """Return True if this is a settings module for the served site alone
        (``--djworkers-settings``), which the tests don't use."""
        of_tests = self.changed_settings.module
        return bool(of_tests) and settings_module == self.settings_module != of_tests

    def write(self, file: Path) -> None:
        """Write it to a file that only this user can read: it may contain passwords."""
        write_for_the_user(
            file, {**asdict(self), "changed_settings": self.changed_settings.to_json()}
        )

    @classmethod
    def read(cls, file: str) -> Self:
        """Return the brief that ``write`` has written to a file."""
        data: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
        for name in ("databases", "to_make"):
            data[name] = {alias: DatabaseTarget(**one) for alias, one in data[name].items()}
        bounds = None if data["bounds"] is None else TreeBounds.from_dict(data["bounds"])
        for name in ("left_out", "search_path"):
            data[name] = tuple(data[name])
        data["isolation"] = data["isolation"] and Isolation.from_json(data["isolation"])
        data["sampling"] = data["sampling"] and Sampling(**data["sampling"])
        data["counting"] = data["counting"] and Counting.from_json(data["counting"])
        data["stacks"] = data["stacks"] and StackSampling(**data["stacks"])
        data["changed_settings"] = ChangedSettings.from_json(data["changed_settings"])
        return cls(**{**data, "bounds": bounds})


@cache
def this_brief() -> Brief:
    """Return the brief that this process was started with. Raises RuntimeError if there is none."""
    if (file := os.environ.get(ENVIRONMENT_KEY)) is None:
        raise RuntimeError(
            f"refusing to serve: {ENVIRONMENT_KEY}, which says where the test databases are, has"
            " been removed from the environment"
        )
    return Brief.read(file)
