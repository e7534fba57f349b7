"""What fires a burst: the protocol of a generator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.system.standard_library import standard_module

_SPARE_DESCRIPTORS = 64


@dataclass(frozen=True, slots=True)
class Target:
    """Where a burst goes, and where the generator may put its files."""

    address: tuple[str, int]
    folder: Path
    watch: tuple[int, ...] = ()
    """Processes that the generator must not outlive, besides this one."""
    workers: int = 1
    """The server's workers, each of which a warm-up should reach."""
    startup_timeout_s: float = 30.0
    backlog: int | None = None
    """How many connections may wait to be accepted, where that is few."""
    host: str = ""
    """What the Host header says; empty: the address."""

    @property
    def authority(self) -> str:
        """The host and port of a URL that leads here."""
        host, port = self.address
        return self.host or (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


class Generator(Protocol):
    """Fires bursts."""

    @property
    def name(self) -> str:
        """``asyncio`` or ``wrk``."""

    @property
    def version(self) -> str:
        """The version of what fires, for the report."""

    def cannot(self, profile: Profile) -> str | None:
        """Why it can't fire this burst, in words; None when it can."""

    def fire(self, profile: Profile, target: Target) -> BurstResult:
        """Warm up, fire, count. Raises GeneratorError when there are no figures."""


def lack_of_descriptors(connections: int, *, processes: int = 1) -> str | None:
    """Why this many connections, split over processes, can't be opened; None when they can."""
    resource = standard_module("resource")

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = -(-connections // processes) + _SPARE_DESCRIPTORS
    if hard == resource.RLIM_INFINITY or hard >= needed:
        return None
    return (
        f"{connections} connections need {needed} file descriptors and the hard limit is"
        f" {hard}: raise it (ulimit -Hn {needed}) or ask for fewer connections"
    )
