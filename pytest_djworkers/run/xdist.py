"""The part of a pytest process in a run of pytest-xdist."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from pytest_djworkers.errors import SettingsError

_KEY = "djworkers"
"""The key of what the controller tells its workers."""


@dataclass(frozen=True, slots=True)
class XdistWorker:
    """This process, which is a worker of pytest-xdist."""

    name: str
    """The name that pytest-xdist gives it, such as ``gw0``."""
    controller_pid: int
    """The id of the controller, which the worker must not outlive."""
    folder: Path
    """The folder that all workers share."""
    dist: str
    """The value of ``--dist``."""

    @classmethod
    def of(cls, config: pytest.Config) -> Self | None:
        """Return this worker; None if this process is none."""
        if not is_xdist_worker(config):
            return None
        given: dict[str, Any] = config.workerinput  # type: ignore[attr-defined]  # pytest-xdist's
        told: dict[str, str] = given[_KEY]
        # pytest-xdist starts local workers as children of the controller.
        return cls(given["workerid"], os.getppid(), Path(told["folder"]), told["dist"])


def is_xdist_worker(config: pytest.Config) -> bool:
    """Return True in a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def has_xdist_workers(config: pytest.Config) -> bool:
    """Return True in a controller of pytest-xdist that starts workers."""
    return bool(getattr(config.option, "tx", None))


def tell_worker(node: Any, folder: Path, dist: str) -> None:
    """Tell a worker that is about to start what all workers share.

    ``node`` is the controller's object for it. Raises SettingsError for one on another machine.
    """
    if not node.gateway.spec.popen:
        raise SettingsError(
            f"--tx={node.gateway.spec}: load tests run on this machine, in workers that"
            " pytest-xdist starts with -n or --tx=popen; to fire load from other machines, use"
            " --djworkers-agents"
        )
    node.workerinput[_KEY] = {"folder": str(folder), "dist": dist}
