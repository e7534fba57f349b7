"""What a burst found: plain, frozen data, JSON both ways.

Every request sent is in one class when the burst ends:

============  ==========================================================================
ok            an expected answer within the timeout, completed inside the window
late          an expected answer after the timeout, completed inside the window
unexpected    a complete answer with another status
error         refused, reset, closed early, bad answer, ... (``error_kinds``)
unanswered    not answered when the window ends, and older than the timeout
in_flight     not answered when the window ends, and younger
outside       completed before the window began (the warm-up)
============  ==========================================================================

A figure that a generator can't know is None, and no limit passes on a None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_djworkers.load import remarks
from pytest_djworkers.load.facts import Connections, GeneratorFacts, Series, ServerFacts, Usage
from pytest_djworkers.load.histogram import SAMPLES_BEYOND, Latency
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.units import format_duration

STARVED_BELOW = 0.8
"""The share of the requested connections that must really have been at work."""

GROWTH_ABOVE = 0.05
"""The share of a fixed rate's requests by which the outstanding ones may grow in a window."""

LEAST_LAG_S = 0.0005
"""A shorter lag is none: no closer than this are latencies measured here."""

LAG_ABOVE = 0.1
"""The share of the latency's p99 above which the generator's own lag is a bottleneck."""

STOPPED_ABOVE = 0.02
"""The share of the window for which a generator may be stopped without a word."""


@dataclass(frozen=True, slots=True)
class BurstResult:
    """The figures of one burst; times in seconds, everything else in counts."""

    profile: Profile
    window_s: float
    ok: int
    late: int
    unexpected: int
    error: int
    unanswered: int | None
    in_flight: int | None
    outside: int | None
    statuses: Mapping[int, int] | None
    error_kinds: Mapping[str, int]
    latency: Latency | None
    """None when the generator can't tell the answers' latencies from the errors'."""
    connections: Connections
    series: Series | None
    generator: GeneratorFacts
    server: ServerFacts | None = None
    wrong_bodies: int | None = None
    """Unexpected answers whose status was right and whose body was not."""
    longest_gap_s: float | None = None
    """The longest time in the window without any answer; 0 below a thousandth of the window."""
    began_at: float | None = None
    """When the window began, in Unix time."""
    usage: Usage | None = None
    """None where the server is not ours to look at."""
    shared_run: bool = False
    """Measured beside other pytest-xdist workers: neither stored nor compared."""
    first_unexpected: ResponseExcerpt | None = None
    """The first unexpected response; None without one, and where the generator keeps none."""

    @property
    def name(self) -> str:
        """What tells this burst from the others of its test; default: method and path."""
        return self.profile.name

    @property
    def rps(self) -> float:
        """Expected answers a second, late ones included."""
        return (self.ok + self.late) / self.window_s

    @property
    def has_expected(self) -> bool:
        """Whether any answer was an expected one, be it late."""
        return self.ok + self.late > 0

    @property
    def timeouts(self) -> int:
        """Answers that came after the timeout, or never did as far as the generator knows."""
        return self.late + (self.unanswered or 0)

    @property
    def errors(self) -> int:
        """Unexpected answers and failed requests."""
        return self.unexpected + self.error

    @property
    def judged(self) -> int:
        """What shares divide by: all but requests in flight and outside the window."""
        return self.ok + self.late + self.unexpected + self.error + (self.unanswered or 0)

    @property
    def sent(self) -> int | None:
        """The sum of all classes; None where one of them is not known."""
        if self.in_flight is None or self.outside is None or self.unanswered is None:
            return None
        return self.judged + self.in_flight + self.outside

    @property
    def starved(self) -> bool | None:
        """Whether fewer connections were at work than asked for; None when it can't be told."""
        at_work = self.connections.at_work
        if self.profile.shape.rate is not None:
            return False
        return None if at_work is None else at_work < STARVED_BELOW * self.connections.requested

    @property
    def cpu_per_request_s(self) -> float | None:
        """The server's CPU seconds for each answer of the window; None where that can't be told."""
        answers = self.ok + self.late + self.unexpected
        return self.usage.cpu_s / answers if self.usage and answers else None

    @property
    def fell_behind(self) -> bool:
        """At a fixed rate: whether the server could not keep it, so that requests piled up.

        The least number of outstanding requests in the last fifth of the window is compared
        with that in the first, so that a stall which was caught up with does not count.
        """
        rate = self.profile.shape.rate
        outstanding = self.series.outstanding if self.series else ()
        fifth = len(outstanding) // 5
        if rate is None or not fifth:
            return False
        grown = min(outstanding[-fifth:]) - min(outstanding[:fifth])
        return grown > max(SAMPLES_BEYOND, GROWTH_ABOVE * rate * self.window_s)

    @property
    def closes_connections(self) -> bool:
        """Whether most requests needed a new connection, the time of which is in the latency."""
        return 2 * (self.connections.reconnects or 0) > self.judged

    @property
    def hides_timeouts(self) -> bool:
        """Whether requests may have gone unanswered without being counted.

        wrk does not count a request that never ends; a starved burst, or one whose answers
        were all late, says that there were some.
        """
        return self.unanswered is None and self.starved is not False

    @property
    def generator_bound(self) -> bool:
        """Whether the generator was the bottleneck: its figures can only be too bad."""
        if self.generator.is_busy:
            return True
        p99 = self.latency.p99 if self.latency else None
        lag = self.generator.lag_p99_s
        if lag is None or p99 is None:
            return False
        return lag > max(LEAST_LAG_S, LAG_ABOVE * p99)

    @property
    def generator_stopped(self) -> bool:
        """Whether the generator was stopped for a part of the window that matters, or had no CPU:
        its figures can only be too bad."""
        return (self.generator.stopped_s or 0.0) > STOPPED_ABOVE * self.window_s

    @property
    def remarks(self) -> tuple[str, ...]:
        """The texts that a reader must know before believing the figures."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[str]:
        yield from remarks.on_opening(self.connections)
        if self.server:
            yield from remarks.on_server_limits(self.server, self.connections.requested)
        if self.starved:
            yield "starved"
        if self.fell_behind:
            yield f"fell behind {self.profile.shape.rate:g}/s"
        if self.generator_bound:
            yield "generator-bound"
        if self.generator_stopped:
            yield f"generator stopped for {format_duration(self.generator.stopped_s or 0.0)}"
        if self.closes_connections:
            yield "closes connections"
        yield from remarks.on_connections(self.connections, requests=self.judged)
        if self.usage:
            yield from remarks.on_usage(self.usage)
        if self.shared_run:
            yield "shared run"
