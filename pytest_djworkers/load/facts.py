"""The facts that come with a burst's figures: frozen data about what took part in it.

A figure that a generator can't know is None, and no limit passes on a None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BUSY_ABOVE = 0.95
"""The CPU share above which the generator was the bottleneck."""

LONGEST_UNWATCHED_S = 1.0
"""The longest time in seconds between two looks at a server that leaves its CPU time reliable."""


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of a burst. Requests per connection are those of the window."""

    requested: int
    """The number of connections that the burst was to have."""
    opened: int | None = None
    served: int | None = None
    """The number of connections that ever got a response."""
    never_served: int | None = None
    requests_p10: int | None = None
    requests_p50: int | None = None
    requests_p90: int | None = None
    requests_max: int | None = None
    fairness: float | None = None
    """Jain's index: 1 when every connection got the same, 1/n when one got everything
    (Jain, Chiu and Hawe, DEC-TR-301, 1984)."""
    connect_max_s: float | None = None
    """The longest time that connecting took, in seconds."""
    at_work: float | None = None
    """Requests per second times the mean time in service: the number of connections really at
    work (Little's law)."""
    closed_idle: int | None = None
    """The number of reconnects because the server closed an idle connection; not errors."""
    resent: int | None = None
    """The number of requests among them that were on their way, unread, and were sent again."""
    reconnects: int | None = None
    """The number of requests whose latency includes connecting, since the server closes each
    connection after a response."""
    listen_overflows: int | None = None
    """The number of connections turned away by a full backlog, on the whole machine."""
    syn_retransmits: int | None = None
    """The number of attempts to connect that were sent again, on the whole machine."""


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of what completed in each interval of the window."""

    interval_s: float
    requests: tuple[int, ...]
    """The expected responses of each interval."""
    errors: tuple[int, ...]
    """The unexpected responses and failed requests of each interval."""
    outstanding: tuple[int, ...] = ()
    """At a fixed rate: the requests planned until then that had no response."""


@dataclass(frozen=True, slots=True)
class GeneratorFacts:
    """The generator that fired the burst, and the signs that it was the bottleneck."""

    name: str
    version: str
    agents: int
    """The number of its processes, or of wrk's threads."""
    cpu_share: float
    """The busiest process's share of the CPU time that it could have had, 0 to 1."""
    lag_p99_s: float | None = None
    """The 99th percentile of the time that responses waited in the generator, in seconds."""
    stopped_s: float | None = None
    """The time in the window for which a process was stopped, in seconds; None if unknown."""

    @property
    def is_busy(self) -> bool:
        """True if it had too little CPU time left for its figures to be the server's."""
        return self.cpu_share > BUSY_ABOVE


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The server that the burst hit."""

    backend: str
    version: str
    workers: int
    options: Mapping[str, bool | int | str]
    """Its other options, such as threads and limits; a part of the baseline's key."""
    launch_s: float
    """The time from the start of the process to the first good response, in seconds."""
    backlog: int | None = None
    """The number of connections that may wait to be accepted; None if unknown."""
    max_connections: int | None = None
    """The number of connections that its settings allow; None if they don't say."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The resources that the server's processes used, and how those processes fared."""

    cpu_s: float
    """The CPU seconds, user and system, of all processes in the window."""
    memory_bytes: int
    """The largest resident memory of all processes together. Shared memory counts in each."""
    workers: int
    workers_alive: int
    """The number of workers that were there at the beginning of the burst and at its end."""
    processes_started: int
    """The number of processes started during the burst, such as replacements of workers."""
    log_errors: int
    """The number of lines in the log that report an error."""
    unwatched_s: float = 0.0
    """The longest time between two looks at the processes, in seconds."""
    log_is_whole: bool = True
    """False if the log was too long to be kept as a whole, so that errors may be missing."""

    @property
    def was_unwatched(self) -> bool:
        """True if nobody looked at the processes for so long that their CPU time is unreliable."""
        return self.unwatched_s > LONGEST_UNWATCHED_S
