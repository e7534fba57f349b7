"""The result of a burst: frozen data.

Every request sent is in one class when the burst ends:

============  ==========================================================================
ok            an expected response within the timeout, completed inside the window
late          an expected response after the timeout, completed inside the window
unexpected    a complete response with another status, or a wrong body
error         refused, reset, closed early, bad response, ... (``error_kinds``)
unanswered    no response when the window ends, and older than the timeout
in_flight     no response when the window ends, and younger
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
"""A shorter lag in seconds does not count: latencies are not measured more closely than this."""

LAG_ABOVE = 0.1
"""The share of the latency's p99 above which the generator's own lag is a bottleneck."""

STOPPED_ABOVE = 0.02
"""The share of the window for which a generator may be stopped without a remark."""


@dataclass(frozen=True, slots=True)
class BurstResult:
    """The figures of one burst. Times are in seconds, all else are counts."""

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
    """None if the generator can't tell the latencies of expected responses from others."""
    connections: Connections
    series: Series | None
    generator: GeneratorFacts
    server: ServerFacts | None = None
    wrong_bodies: int | None = None
    """The number of unexpected responses with an expected status and a wrong body."""
    longest_gap_s: float | None = None
    """The longest time in the window without a response; 0 below a thousandth of the window."""
    began_at: float | None = None
    """The beginning of the window in Unix time."""
    usage: Usage | None = None
    """None if the server is not ours to look at."""
    shared_run: bool = False
    """True if other pytest-xdist workers ran meanwhile: it is neither stored nor compared."""
    first_unexpected: ResponseExcerpt | None = None
    """None if there was none, or if the generator keeps none."""
    after_window: int = 0
    """The number of expected responses, among ok and late, that came after the window closed. A
    comparison's window counts every request sent in it; in other bursts it is 0."""

    @property
    def name(self) -> str:
        """The name of the burst within its test; by default its method and path."""
        return self.profile.name

    @property
    def rps(self) -> float:
        """The expected responses per second of the window, late ones included."""
        return (self.ok + self.late - self.after_window) / self.window_s

    @property
    def has_expected(self) -> bool:
        """True if there was an expected response, if only a late one."""
        return self.ok + self.late > 0

    @property
    def timeouts(self) -> int:
        """The number of responses that came after the timeout, or not at all if that is known."""
        return self.late + (self.unanswered or 0)

    @property
    def errors(self) -> int:
        """The number of unexpected responses and failed requests."""
        return self.unexpected + self.error

    @property
    def judged(self) -> int:
        """The number of requests that shares divide by: all but those in flight and outside."""
        return self.ok + self.late + self.unexpected + self.error + (self.unanswered or 0)

    @property
    def sent(self) -> int | None:
        """The sum of all classes; None if one of them is not known."""
        if self.in_flight is None or self.outside is None or self.unanswered is None:
            return None
        return self.judged + self.in_flight + self.outside

    @property
    def starved(self) -> bool | None:
        """True if too few of the requested connections were at work; None if that is not known."""
        at_work = self.connections.at_work
        # At a fixed rate, connections are idle whenever no request is due.
        if self.profile.shape.rate is not None:
            return False
        return None if at_work is None else at_work < STARVED_BELOW * self.connections.requested

    @property
    def cpu_per_request_s(self) -> float | None:
        """The server's CPU seconds per response of the window; None if that is not known."""
        responses = self.ok + self.late + self.unexpected
        return self.usage.cpu_s / responses if self.usage and responses else None

    @property
    def fell_behind(self) -> bool:
        """True if the server could not keep the fixed rate, so that requests piled up."""
        rate = self.profile.shape.rate
        outstanding = self.series.outstanding if self.series else ()
        fifth = len(outstanding) // 5
        if rate is None or not fifth:
            return False
        # The least of the last fifth of the window against the least of the first: after a stall
        # that the server caught up with, it is as low as before.
        grown = min(outstanding[-fifth:]) - min(outstanding[:fifth])
        return grown > max(SAMPLES_BEYOND, GROWTH_ABOVE * rate * self.window_s)

    @property
    def closes_connections(self) -> bool:
        """True if most requests needed a new connection, the time of which is in their latency."""
        return 2 * (self.connections.reconnects or 0) > self.judged

    @property
    def hides_timeouts(self) -> bool:
        """True if there may be requests without a response that the generator did not count.

        wrk does not count them. A starved burst had some, and one of which nothing is known, since
        all its responses were late, may have had some.
        """
        return self.unanswered is None and self.starved is not False

    @property
    def generator_bound(self) -> bool:
        """True if the generator was the bottleneck: its figures can only be too bad."""
        if self.generator.is_busy:
            return True
        p99 = self.latency.p99 if self.latency else None
        lag = self.generator.lag_p99_s
        if lag is None or p99 is None:
            return False
        return lag > max(LEAST_LAG_S, LAG_ABOVE * p99)

    @property
    def generator_stopped(self) -> bool:
        """True if the generator was stopped for so long that its figures are too bad."""
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
