"""The protocol of a generator, which fires bursts, and the target that it fires at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.route import PLAIN, Route
from pytest_djworkers.progress import NO_SINK, ProgressSink
from pytest_djworkers.system.standard_library import standard_module

_SPARE_DESCRIPTORS = 64
"""The file descriptors that a generator needs for itself, and more than it ever has."""


@dataclass(frozen=True, slots=True)
class Target:
    """The address that a burst goes to, and the folder for the generator's files."""

    address: tuple[str, int]
    folder: Path
    watch: tuple[int, ...] = ()
    """The processes that the generator must not outlive, besides this one."""
    workers: int = 1
    """The number of the server's workers, each of which a warm-up should reach."""
    startup_timeout_s: float = 30.0
    backlog: int | None = None
    """The number of connections that may wait to be accepted; None if it is large enough."""
    host: str = ""
    """The value of the Host header; empty for the address."""
    route: Route = PLAIN

    @property
    def authority(self) -> str:
        """The host and port of a URL that leads to this target."""
        host, port = self.address
        return self.host or (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


class Generator(Protocol):
    """A generator fires bursts."""

    @property
    def name(self) -> str:
        """``asyncio`` or ``wrk``."""

    @property
    def version(self) -> str:
        """The version of the generator, for the report."""

    def cannot(self, profile: Profile) -> str | None:
        """Return why it can't fire this burst, in words; None if it can."""

    def fire(
        self, profile: Profile, target: Target, progress: ProgressSink = NO_SINK
    ) -> BurstResult:
        """Warm up, fire and count. Raises GeneratorError if there are no figures."""


def hard_limit() -> int | None:
    """Return the number of file descriptors that a process here may have; None for no limit."""
    resource = standard_module("resource")

    # The soft limit does not matter: the guard of agents and of wrk raises it to the hard one.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else int(hard)


def lack_of_descriptors(
    connections: int, hard: int | None, *, processes: int = 1, where: str = ""
) -> str | None:
    """Return why this many connections can't be opened, split over processes; None if they can.

    ``hard`` is a process's limit, and ``where`` the place of those processes, for the message.
    """
    needed = -(-connections // processes) + _SPARE_DESCRIPTORS
    if hard is None or hard >= needed:
        return None
    return (
        f"{connections} connections need {needed} file descriptors and the hard limit{where} is"
        f" {hard}: raise it (ulimit -Hn {needed}) or ask for fewer connections"
    )
