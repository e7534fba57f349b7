"""The part of a pytest process in a run of pytest-xdist, and what its processes tell each other."""

# pytest-xdist carries data to a worker when it starts and to the controller with each report. All
# else goes through files in a folder of the run: the workers are on this machine.

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.system.files import write_whole
from pytest_djworkers.system.scratch import remove_orphans

_KEY = "djworkers"
"""The key of what the controller tells a worker that starts."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Told:
    """The controller's message to each worker that starts."""

    folder: str
    """The folder that all workers share."""
    dist: str
    """The value of ``--dist``."""
    seed: int | None
    """The seed of a run that compares, which all workers share."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A worker's message to the controller, which collects no tests itself."""

    load_tests: int
    """The number of load tests."""
    other_tests: int
    lines: tuple[str, ...]
    """The lines to print about the load tests."""
    groups: dict[str, str]
    """The load tests by node id, each with the name of the group that runs in one worker if tests
    are handed out in groups. Those of a group of their own are left out."""


@dataclass(frozen=True, slots=True)
class EndedAttempts:
    """The controller's message to the worker that runs a test again in which one has crashed."""

    by_test: dict[str, int]
    """The number of attempts that have failed or crashed, by node id."""


@dataclass(frozen=True, slots=True)
class XdistWorker:
    """This process, which is a worker of pytest-xdist."""

    name: str
    """The name that pytest-xdist gives it, such as ``gw0``."""
    controller_pid: int
    """The id of the controller, which the worker must not outlive."""
    told: Told

    @classmethod
    def of(cls, config: pytest.Config) -> Self | None:
        """Return this worker; None if this process is none."""
        if not is_xdist_worker(config):
            return None
        given: dict[str, Any] = config.workerinput  # type: ignore[attr-defined]  # pytest-xdist's
        # pytest-xdist starts local workers as children of the controller.
        return cls(given["workerid"], os.getppid(), from_simple(given[_KEY], Told))

    @property
    def folder(self) -> Path:
        """The folder that all workers share."""
        return Path(self.told.folder)

    @property
    def is_orphaned(self) -> bool:
        """True if the controller is gone; this worker must go, too."""
        # A process whose parent has ended becomes the child of another one.
        return os.getppid() != self.controller_pid

    def clean_up(self) -> None:
        """Remove the folder of a controller that was killed and could not do it."""
        if self.is_orphaned:
            remove_orphans(self.folder.parents[1])


def is_xdist_worker(config: pytest.Config) -> bool:
    """Return True in a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def has_xdist_workers(config: pytest.Config) -> bool:
    """Return True in a controller of pytest-xdist that starts workers."""
    return bool(getattr(config.option, "tx", None)) and not config.option.collectonly


def tell_worker(node: Any, told: Told) -> None:
    """Tell a worker that is about to start what all workers share.

    ``node`` is the controller's object for it. Raises SettingsError for one on another machine.
    """
    if not node.gateway.spec.popen:
        raise SettingsError(
            f"--tx={node.gateway.spec}: load tests run on this machine, in workers that"
            " pytest-xdist starts with -n or --tx=popen; to fire load from other machines, use"
            " --djworkers-agents"
        )
    node.workerinput[_KEY] = to_simple(told)


def share(folder: Path, value: object) -> None:
    """Write a dataclass for the other processes, in place of what was there of its kind."""
    write_whole(_file(folder, type(value)), json.dumps(to_simple(value)))


def shared(folder: Path, kind: type[_T]) -> _T | None:
    """Return what a process has shared of this kind; None if nothing was."""
    file = _file(folder, kind)
    return from_simple(json.loads(file.read_text()), kind) if file.exists() else None


def _file(folder: Path, kind: type[object]) -> Path:
    return folder / f"{kind.__name__.lower()}.json"
