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

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pytest_djworkers.legend import Remark, Sign
from pytest_djworkers.load import figures_in_words as in_words
from pytest_djworkers.load import remarks
from pytest_djworkers.load.facts import (
    Connections,
    Events,
    GeneratorFacts,
    Reference,
    Series,
    ServerFacts,
    Usage,
)
from pytest_djworkers.load.histogram import SAMPLES_BEYOND, Latency
from pytest_djworkers.load.in_pieces import InPieces
from pytest_djworkers.load.part_figures import PartFigures
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.units import counted, format_duration, format_rate

GROWTH_ABOVE = 0.05
"""The share of a fixed rate's requests by which the outstanding ones may grow in a window."""

STOPPED_ABOVE = 0.02
"""The share of the window for which a generator may be stopped without a remark."""


@dataclass(frozen=True, slots=True, repr=False)
class BurstResult:
    """The figures of one burst. Times are in seconds, all else are counts.

    ``print(result)`` shows the most important ones in five lines, or in six for a stream.
    """

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
    """The counts of each tenth of a second. None if wrk fired the burst, which doesn't tell, and in
    a comparison, whose windows have gaps between them."""
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
    first_unexpected: ResponseExcerpt | None = None
    """None if there was none, or if the generator keeps none."""
    after_window: int = 0
    """The number of expected responses, among ok and late, that came after the window closed. A
    comparison's window counts every request sent in it; in other bursts it is 0."""
    parts: Mapping[str, PartFigures] = field(default_factory=dict)
    """The figures of each part of a mix by its name; empty for other bursts."""
    in_pieces: InPieces | None = None
    """The responses that came in several pieces; None if the generator does not tell."""
    event_count: int | None = None
    """The number of events that streams brought in the window; None for a burst without streams."""
    body_bytes: float | None = None
    """The mean length of the expected responses' bodies, as sent; None if it is not known."""

    def part(self, name: str) -> BurstResult:
        """Return the figures of a part as those of a burst of its own, on the same connections.

        What is known of the whole alone is left out: the series, and what the server used. A burst
        that is no mix has one part, of its own name. Raises KeyError, in words, if no part has this
        name.
        """
        if not self.parts and name == self.name:
            return self
        if name not in self.parts:
            raise KeyError(no_such_part(name, self.name, self.parts))
        figures = self.parts[name]
        (part,) = (one for one in self.profile.parts if one.name == name)
        return replace(
            self,
            profile=Profile(name, part.requests[0], self.profile.shape),
            ok=figures.ok,
            late=figures.late,
            unexpected=figures.unexpected,
            error=figures.error,
            unanswered=figures.unanswered,
            in_flight=figures.in_flight,
            outside=figures.outside,
            statuses=figures.statuses,
            error_kinds=figures.error_kinds,
            latency=figures.latency,
            wrong_bodies=figures.wrong_bodies,
            first_unexpected=figures.first_unexpected,
            after_window=figures.after_window,
            queries=figures.queries,
            queries_unknown=figures.queries_unknown,
            in_pieces=figures.in_pieces,
            event_count=figures.event_count,
            body_bytes=figures.body_bytes,
            series=None,
            longest_gap_s=None,
            usage=None,
            parts={},
        )

    references: Mapping[str, Reference] = field(default_factory=dict)
    """The endpoints that limits of the test are relative to, by what the limits call them."""
    queries: QueryFigures | None = None
    """The SQL queries of one request, counted before the burst; None if they are not known. Of a
    mix, they are those of the part with the most."""
    queries_unknown: str = ""
    """Why the queries are not known; empty if they are."""

    @property
    def name(self) -> str:
        """The name of the burst within its test; by default its method and path."""
        return self.profile.name

    @property
    def rps(self) -> float:
        """The expected responses per second of the window, late ones included."""
        return (self.ok + self.late - self.after_window) / self.window_s

    @property
    def first_byte(self) -> Latency | None:
        """The times from the beginning of the requests to the first byte of the response.

        They are those of the same requests as ``latency``. None if the generator doesn't tell them.
        """
        if self.latency is None or self.in_pieces is None:
            return None
        return self.in_pieces.first_byte_of(self.latency)

    @property
    def events(self) -> Events | None:
        """The events of the burst's streams; None for a burst without ``stream=``."""
        if self.event_count is None:
            return None
        return Events(self.event_count, self.event_count / self.window_s, self._first_event)

    @property
    def _first_event(self) -> Latency:
        """The latency of the streams, which is the time to their first events."""
        if not self.profile.is_mix:
            return self.latency or Latency(())
        streams = [one.latency for one in self.parts.values() if one.event_count is not None]
        return Latency.from_counts(sum((Counter(dict(one.counts)) for one in streams), Counter()))

    @property
    def is_stream(self) -> bool:
        """True if it reads streams for a time, or the first bytes of responses come so long before
        the last ones that it matters."""
        return self.events is not None or in_words.is_stream(self.first_byte, self.latency)

    @property
    def stream_in_words(self) -> str:
        """The time to the first byte, and the length of the body, in a line; of streams that are
        read for a time, their events."""
        if self.events is not None:
            return in_words.events(self.events)
        return in_words.first_bytes(self.first_byte, self.body_bytes)

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
        """True if the server held too few of the connections; None if that is not known.

        That is, if fewer than 80 % were at work, or fewer than 80 % ever got a response.
        """
        # At a fixed rate, connections are idle whenever no request is due.
        return False if self.profile.shape.rate is not None else self.connections.is_starved

    @property
    def unfair(self) -> bool:
        """True if few connections got most of the responses; False if that is not known."""
        # At a fixed rate, the plan decides how often each connection sends.
        is_closed_loop = self.profile.shape.rate is None
        return is_closed_loop and self.connections.is_unfair(self._responses)

    @property
    def _responses(self) -> int:
        """The complete responses of the window, expected or not."""
        return self.ok + self.late + self.unexpected

    @property
    def cpu_per_request_s(self) -> float | None:
        """The server's CPU seconds per response of the window; None if that is not known."""
        responses = self._responses
        return self.usage.cpu_s / responses if self.usage and responses else None

    @property
    def fell_behind(self) -> bool:
        """True if the server could not keep the fixed rate, so that requests piled up."""
        rate = self.profile.shape.rate
        if rate is None or self.series is None:
            return False
        return self.series.grown > max(SAMPLES_BEYOND, GROWTH_ABOVE * rate * self.window_s)

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
        p99 = self.latency.p99 if self.latency else None
        return self.generator.is_busy or self.generator.lags(p99)

    @property
    def generator_stopped(self) -> bool:
        """True if the generator was stopped for so long that its figures are too bad."""
        return (self.generator.stopped_s or 0.0) > STOPPED_ABOVE * self.window_s

    @property
    def missing_agents(self) -> str:
        """The agents whose part of the figures is missing, in words; empty if none is."""
        lost = self.generator.lost
        if not lost:
            return ""
        all_agents = counted(self.generator.agents + len(lost), "agent")
        connections = sum(agent.connections for agent in lost)
        of_all = counted(self.profile.shape.connections, "connection")
        return f"{len(lost)} of {all_agents} lost, with {connections:,} of {of_all}"

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """The texts that a reader must know before believing the figures."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[Remark]:
        if self.missing_agents:
            yield Remark(Sign.AGENT_LOST, self.missing_agents)
        yield from remarks.on_opening(self.connections)
        if self.server:
            yield from remarks.on_server_limits(self.server, self.connections.requested)
        if self.starved:
            yield Remark(Sign.STARVED)
        if self.unfair:
            yield Remark(Sign.UNFAIR)
        if self.fell_behind:
            yield Remark(Sign.FELL_BEHIND, f"fell behind {self.profile.shape.rate:g}/s")
        if self.generator_bound:
            yield Remark(Sign.GENERATOR_BOUND)
        if self.generator_stopped:
            stopped = format_duration(self.generator.stopped_s or 0.0)
            yield Remark(Sign.GENERATOR_STOPPED, f"generator stopped for {stopped}")
        if self.closes_connections:
            yield Remark(Sign.CLOSES)
        yield from remarks.on_connections(self.connections, requests=self.judged)
        if self.usage:
            yield from remarks.on_usage(self.usage)

    def __repr__(self) -> str:
        """Return one line: pytest prints it for each result in an assertion that fails."""
        return f"<BurstResult {self._load}: {self._counts}>"

    def __str__(self) -> str:
        """Return five lines of figures, for people; six for a stream."""
        stream = [self.stream_in_words] if self.is_stream else []
        return "\n".join(
            (
                self._load,
                self._counts,
                in_words.latencies(self.latency),
                *stream,
                in_words.resources(
                    self.connections, self.usage, self.cpu_per_request_s, self.queries
                ),
                f"{in_words.generator(self.generator)}: {', '.join(self.remarks) or 'no remarks'}",
            )
        )

    @property
    def _load(self) -> str:
        under = f" under {self.server.backend}" if self.server else ""
        connections = counted(self.connections.requested, "connection")
        return f"{self.name}{under}, {connections} for {format_duration(self.window_s)}"

    @property
    def _counts(self) -> str:
        timeouts, errors = counted(self.timeouts, "timeout"), counted(self.errors, "error")
        more = " or more" if self.hides_timeouts else ""
        return f"{format_rate(self.rps)} requests/s, {timeouts}{more}, {errors}"


def no_such_part(name: str, burst: str, parts: Iterable[str]) -> str:
    """Return why a burst has no figures of a part, in words, with the names of its parts."""
    names = ", ".join(map(repr, parts))
    said = f"its parts are {names}" if names else "it is no mix"
    return f"{burst} has no part {name!r}: {said}"
