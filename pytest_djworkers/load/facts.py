"""The facts that come with a burst's figures: frozen data about what took part in it.

A figure that a generator can't know is None, and no limit passes on a None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_djworkers.load.histogram import Latency

BUSY_ABOVE = 0.95
"""The CPU share above which the generator was the bottleneck."""

LEAST_LAG_S = 0.0005
"""A shorter lag in seconds does not count: latencies are not measured more closely than this."""

LAG_ABOVE = 0.1
"""The share of the latency's p99 above which the generator's own lag is a bottleneck."""

STARVED_BELOW = 0.8
"""The share of the requested connections that must have been at work, and must have got a response.
It is one bound for both: the first is an estimate of what the second counts, and is too high if a
connection was served so late that all others may have been waiting in a queue."""

UNFAIR_BELOW = 0.5
"""The fairness below which the median latency is that of few connections: responses are spread as
if less than half of the connections had got them all, and the rest nothing."""

LONGEST_UNWATCHED_S = 1.0
"""The longest time in seconds between two looks at a server that leaves its CPU time reliable."""


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of a burst. Requests per connection are those of the window."""

    requested: int
    """The number of connections that the burst was to have, without those of lost agents."""
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

    @property
    def held(self) -> float | None:
        """The number of connections that the server really held; None if that is not known.

        It is the smaller of those at work and those that ever got a response.
        """
        known = [number for number in (self.at_work, self.served) if number is not None]
        # Those at work are known only if something completed, and without it nothing is.
        return min(known) if self.at_work is not None else None

    @property
    def is_starved(self) -> bool | None:
        """True if the server held too few of the requested connections; None if not known."""
        held = self.held
        return None if held is None else held < STARVED_BELOW * self.requested

    def is_unfair(self, responses: int) -> bool:
        """Return True if few connections got most of this number of responses, and not by chance.

        A server that takes the next request at random spreads a mean of m responses for each
        connection with a variance of m. Only what is beyond that counts, or each burst with fewer
        responses than connections would be unfair.
        """
        if not self.fairness or not responses:
            return False
        # Jain's index is 1 / (1 + variance / mean ** 2).
        by_chance = self.requested / responses
        return 1 / (1 + max(0.0, 1 / self.fairness - 1 - by_chance)) < UNFAIR_BELOW


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a burst's streams."""

    count: int
    """The number of events of server-sent events that came in the window."""
    per_s: float
    """That number per second of the window, of all streams together."""
    first: Latency
    """The times from the beginning of the requests to the first event of the stream."""


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

    @property
    def grown(self) -> int:
        """The number by which the outstanding requests grew over the window."""
        fifth = len(self.outstanding) // 5
        if not fifth:
            return 0
        # The least of the last fifth of the window against the least of the first: after a stall
        # that the server caught up with, it is as low as before.
        return min(self.outstanding[-fifth:]) - min(self.outstanding[:fifth])


@dataclass(frozen=True, slots=True)
class LostAgent:
    """An agent of another machine that was gone before it could report what it had counted."""

    name: str
    """The name of the agent, with its place."""
    connections: int
    """The number of its connections, which are missing in the figures."""


@dataclass(frozen=True, slots=True)
class GeneratorFacts:
    """The generator that fired the burst, and the signs that it was the bottleneck."""

    name: str
    version: str
    agents: int
    """The number of its processes, without lost ones, or of wrk's threads."""
    cpu_share: float
    """The busiest process's share of the CPU time that it could have had, 0 to 1."""
    lag_p99_s: float | None = None
    """The 99th percentile of the time that responses waited in the generator, in seconds."""
    stopped_s: float | None = None
    """The time in the window for which a process was stopped, in seconds; None if unknown."""
    clock_offset_s: float | None = None
    """The most by which the Unix time of an agent's machine differs from that of this one, in
    seconds. The figures are by this machine's. None without agents behind gateways."""
    clock_error_s: float | None = None
    """The most by which that may be wrong, and by which agents may have begun apart."""
    lost: tuple[LostAgent, ...] = ()
    """The agents whose part of the figures is missing."""

    @property
    def is_busy(self) -> bool:
        """True if it had too little CPU time left for its figures to be the server's."""
        return self.cpu_share > BUSY_ABOVE

    def lags(self, p99_s: float | None) -> bool:
        """Return True if responses waited in it for too much of this p99, in seconds."""
        lag = self.lag_p99_s
        if lag is None or p99_s is None:
            return False
        return lag > max(LEAST_LAG_S, LAG_ABOVE * p99_s)


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
class Reference:
    """The figures of another endpoint, which was measured under the same server in the same run."""

    name: str
    rps: float
    cpu_per_request_s: float | None
    is_generator_bound: bool = False
    """True if the generator was its bottleneck, so that its requests/s are too low."""


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
