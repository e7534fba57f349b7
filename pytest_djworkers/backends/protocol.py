"""What a backend has to say about itself. It knows its command line and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ENTRY_FOLDER = Path(__file__).resolve().parents[1] / "entry" / "served"
"""The folder of the entries, which must be on the path of each server."""
WSGI_ENTRY = "djworkers_wsgi:application"
ASGI_ENTRY = "djworkers_asgi:application"
ENTRY_FILES = {
    WSGI_ENTRY: f"{ENTRY_FOLDER / 'djworkers_wsgi.py'}:application",
    ASGI_ENTRY: f"{ENTRY_FOLDER / 'djworkers_asgi.py'}:application",
}
"""The same entries for servers that take a module's name for a path from the current folder, and
for a part of a package where that folder is one: granian and hypercorn."""


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What a backend is told about the server that it is to become."""

    host: str
    port: int
    workers: int
    connections: int
    """How many connections the burst will open, which its limits must hold."""


@dataclass(frozen=True, slots=True)
class About:
    """What is true of a server whatever its settings: for its users, in words."""

    name: str
    """What users call it, and the name of its extra."""
    requires: tuple[str, ...]
    """The distributions it needs, as in its extra; the version of the first is its own."""
    interface: str
    """``WSGI`` or ``ASGI``."""
    raised_limits: str
    """Which of its limits are raised to hold the burst's connections."""
    notes: tuple[str, ...]
    """What its defaults do to a burst, and what it can't do; a sentence or two each."""
    scrubbed: tuple[str, ...] = ()
    """Prefixes of environment variables that must not reach it, besides ``SCRUBBED``."""
    alternatives: tuple[str, ...] = ()
    """Distributions each of which does for the first of ``requires``."""
    max_workers: int | None = None
    """1 for a server that is a single process; None where there is no such limit."""


class Backend(Protocol):
    """A way to serve the site: a frozen dataclass whose fields are what users may set.

    Add one: a file beside this with a dataclass of this shape, a line in ``registry.py``, and an
    extra of the same name in ``pyproject.toml``. ``tests/backends`` then covers it.
    """

    @property
    def about(self) -> About:
        """Its description."""

    @property
    def workers(self) -> int | None:
        """How many workers its users set; None for as many as the run's other backends have."""

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """The command line that serves our entry with this interpreter."""

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """What else shapes its speed, for the report and the baseline's key."""

    def backlog(self, plan: LaunchPlan) -> int | None:
        """How many connections it lets wait to be accepted; None where that is not known."""


def workers_of(backend: Backend, default: int) -> int:
    """How many workers a backend is launched with."""
    asked = backend.workers or default
    most = backend.about.max_workers
    return asked if most is None else min(asked, most)


def flags(options: Mapping[str, int | str], *, skip: Iterable[str] = ()) -> list[str]:
    """Options as flags: ``worker_connections`` is ``--worker-connections``."""
    return [
        text
        for name, value in options.items()
        if name not in skip
        for text in (f"--{name.replace('_', '-')}", str(value))
    ]


def without_none(**options: int | str | None) -> dict[str, int | str]:
    """The options that have a value."""
    return {name: value for name, value in options.items() if value is not None}
