"""The protocol of a server that bursts are fired at, whether it is ours or somebody else's."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from pytest_djworkers.entry.sampling import Sampling
from pytest_djworkers.errors import ServerDiedError
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import BODILESS_METHODS, Profile, SentRequest
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.usage import UsageWatch


@dataclass(frozen=True, slots=True)
class BurstNeeds:
    """The abilities that a server must have before a burst is fired at it."""

    connections: int
    """The number of connections that it must hold."""
    probe: SentRequest
    """The request that it must respond to."""
    any_response: bool = False
    """True if every complete response to the probe is good enough, not only an expected one."""
    others: tuple[SentRequest, ...] = ()
    """More requests that it must give an expected response, after the probe."""
    idle_s: int = 0
    """The seconds for which its connections will be idle between requests; 0: they will not."""
    samples: bool = False
    """True if it is to count the queries of requests that are sent before the burst."""
    plans: bool = False
    """True if it is to ask the database for the plans of those queries, too. It takes time, so the
    figures of the burst itself are not for a verdict."""
    plain_view: bool = False
    """True if it must serve the plugin's own view, too."""

    @classmethod
    def of_burst(cls, profile: Profile | None, connections: int, *, probe_path: str | None) -> Self:
        """Return the needs of a burst; None stands for no burst at all.

        The probe is the request itself if that changes nothing on the server, else a GET of
        ``probe_path``. Without that, any response at all to ``/`` will do. Of a mix, each such
        part's first request is sent.
        """
        parts = () if profile is None else profile.all_parts
        requests = [part.requests[0] for part in parts]
        if harmless := [one for one in requests if one.method in BODILESS_METHODS]:
            return cls(connections, harmless[0], others=tuple(harmless[1:]), samples=True)
        return cls(
            connections,
            SentRequest(probe_path or "/"),
            any_response=probe_path is None,
            samples=profile is not None,
        )

    def number_of(self, request: SentRequest) -> int | None:
        """Return the number of the probe that sends a request; None if none does."""
        probes = (self.probe, *self.others)
        return probes.index(request) if request in probes else None


class AnyServer(Protocol):
    """A server that bursts are fired at: one that we launch, or one that was there before."""

    @property
    def backend(self) -> str:
        """The backend's name, with its settings."""

    @property
    def arm(self) -> str:
        """The arm of a comparison that it is launched for, ``base`` or ``head``; else empty."""

    @property
    def url(self) -> str:
        """``http://host:port``, or https, without a slash at the end."""

    @property
    def pids(self) -> frozenset[int]:
        """The ids of its live processes; empty if they are not ours."""

    @property
    def log(self) -> Path | None:
        """The file with its standard output and standard error; None if it is not ours."""

    @property
    def facts(self) -> ServerFacts | None:
        """The facts about the last launch; None before the first."""

    @property
    def target(self) -> Target:
        """The address that a generator fires at, with what it must know of the server."""

    @property
    def interim(self) -> tuple[int, ...]:
        """The statuses that came before the last probe's response, such as 103."""

    @property
    def other_settings(self) -> tuple[str, ...]:
        """The names of the settings that have another value in the server than in this process."""

    @property
    def sampling(self) -> Sampling | None:
        """The way to send requests whose queries it counts; None if it counts none."""

    @property
    def ended(self) -> str | None:
        """The way in which it ended by itself, in words; None while it runs."""

    def last_said(self) -> list[str]:
        """Return the last lines of its log that it wrote since the last launch was ready; none if
        its log is not ours."""

    def prepare(self) -> LaunchSpec | None:
        """End it, and prepare the site for the next launch, whose spec is returned.

        None if it is not ours: then there is nothing to prepare.
        """

    def launch(self, needs: BurstNeeds) -> None:
        """Make it ready for a burst with these needs.

        Raises ServerStartError if it doesn't get ready, ProbeError if its response to the probe
        is not an expected one, and BusyMachineError if another run's burst does not end.
        """

    def watched(self) -> AbstractContextManager[UsageWatch | None]:
        """Return a context manager that records what the server uses while it is entered."""

    def stop(self) -> None:
        """End the server if it is ours, and free the machine for the next burst."""


def check_alive(server: AnyServer, burst: str) -> None:
    """Raise ServerDiedError if the server ended by itself during the burst of this name."""
    if how := server.ended:
        raise ServerDiedError(f"{server.backend} died during {burst}: {how}")
