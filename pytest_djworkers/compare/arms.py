"""The two sides of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.compare.numbers import ComparisonNumbers
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.entry.isolation import Isolation
from pytest_djworkers.errors import ServerError
from pytest_djworkers.profiling.code_folders import CodeFolders
from pytest_djworkers.progress import NO_SINK
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.runtime import Runtime

Databases = Mapping[str, DatabaseTarget]
"""Test databases by alias."""
# Numbers of the arms, for what comes in pairs.
BASE, HEAD = 0, 1
NAMES = ("base", "head")


class HeadError(ServerError):
    """Head's server can't be used, so no base is of any help."""


class NotComparable(Exception):
    """The arms can't be compared, though nothing is wrong with either; the message says why."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a comparison."""

    name: str
    """``base`` or ``head``."""
    label: str
    """The revision or the backend, for people."""
    backend: Backend
    runtime: Runtime
    databases: Databases
    """The arm's own test databases, new for each block."""
    isolation: Isolation | None = None
    """The files and cache keys that the arm writes to, new for each block."""

    @property
    def code_folders(self) -> CodeFolders:
        """The folders of its own code: those that git's paths are relative to come first."""
        roots = filter(None, (self.runtime.tree, self.runtime.folder))
        return CodeFolders(tuple(map(str, roots)))


@dataclass(frozen=True, slots=True)
class PreparedArms:
    """Everything that is needed to measure two arms side by side."""

    pair: tuple[Arm, Arm]
    """Base and head."""
    launch_spec: LaunchSpec
    """The spec that both arms have in common. ``spec_of`` gives that of one arm."""
    ports: tuple[int, int]
    with_fresh_data: Callable[[Arm], Arm]
    """Returns the arm with new databases and files, before each block."""
    seed: int
    """The seed of every random order."""
    numbers: ComparisonNumbers
    connections: int | None = None
    """The number of connections that the user wants; None for what suits the view."""
    migration_difference: str = ""
    """The migrations that only one arm has, in words. If there are some, the arms can't have
    copies of the same databases."""
    advice: str = ""
    """A sentence for the user if base, and not head, fails; empty if there is none."""

    @property
    def names(self) -> tuple[str, str]:
        """The names of the arms in messages: base and head, or those of two backends."""
        base, head = self.pair
        return NAMES if base.backend == head.backend else (base.label, head.label)

    def spec_of(self, arm: Arm, port: int, hash_seed: int) -> LaunchSpec:
        """Return how an arm is launched at a port, with this ``PYTHONHASHSEED``."""
        folder = self.launch_spec.folder / arm.name
        folder.mkdir(exist_ok=True)
        return replace(
            self.launch_spec,
            folder=folder,
            port=port,
            runtime=arm.runtime,
            databases=arm.databases,
            isolation=arm.isolation,
            environment={**self.launch_spec.environment, "PYTHONHASHSEED": str(hash_seed)},
            arm=arm.name,
            # The block reports for both arms.
            progress=NO_SINK,
        )
