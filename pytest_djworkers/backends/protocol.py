"""What a backend has to say about itself. It knows its command line and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

WSGI_ENTRY = "pytest_djworkers.server.app:wsgi"


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What a backend is told about the server that it is to become."""

    host: str
    port: int
    workers: int
    connections: int
    """How many connections the burst will open, which its limits must hold."""


class Backend(Protocol):
    """A way to serve the site.

    Add one: a file beside this with a frozen dataclass of this shape, a line in ``registry.py``,
    an extra of the same name in ``pyproject.toml``, and a line in ``tests/backends``.
    """

    @property
    def name(self) -> str:
        """What users call it, and the name of its extra."""

    @property
    def package(self) -> str:
        """The distribution whose version counts."""

    @property
    def requires(self) -> tuple[str, ...]:
        """The modules that must be importable."""

    @property
    def scrubbed(self) -> tuple[str, ...]:
        """Prefixes of environment variables that must not reach it."""

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """The command line that serves our entry with this interpreter."""

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """What else shapes its speed, for the report and the baseline's key."""
