"""The figures of a burst in lines for people, as ``print(result)`` shows them."""

from __future__ import annotations

from pytest_djworkers.load.facts import Connections, Events, GeneratorFacts, Usage
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.units import counted, format_duration, format_rate, format_size

_PERCENTILES = (50.0, 90.0, 95.0, 99.0)
_STREAM_BELOW = 0.5
"""The share of the median latency below which the median first byte makes a stream. Some servers
send a head and its body in two pieces: under load, 0.8 of the latency lies before the first one."""


def latencies(latency: Latency | None) -> str:
    """Return the percentiles that are known, and the maximum."""
    if latency is None or latency.max is None:
        return "latency: not known"
    return f"latency: {_percentiles(latency)}"


def is_stream(first_byte: Latency | None, latency: Latency | None) -> bool:
    """Return True if the first bytes come so long before the last ones that it matters."""
    if first_byte is None or latency is None:
        return False
    first, last = first_byte.p50, latency.p50
    return first is not None and last is not None and first < _STREAM_BELOW * last


def first_bytes(first_byte: Latency | None, body_bytes: float | None) -> str:
    """Return the percentiles of the time to the first byte, and the length of the body."""
    if first_byte is None or first_byte.max is None:
        return "first byte: not known"
    said = f"first byte: {_percentiles(first_byte)}"
    return said if body_bytes is None else f"{said}; bodies of {format_size(body_bytes)}"


def events(found: Events) -> str:
    """Return the number of events, and the percentiles of the time to the first one."""
    said = f"{counted(found.count, 'event')}, {format_rate(found.per_s)}/s"
    return said if found.first.max is None else f"{said}; first event: {_percentiles(found.first)}"


def _percentiles(latency: Latency) -> str:
    assert latency.max is not None
    known = [(f"p{one:g}", latency.percentile(one)) for one in _PERCENTILES]
    found = [*known, ("max", latency.max)]
    named = [f"{name} {format_duration(one)}" for name, one in found if one is not None]
    return ", ".join(named)


def resources(
    connections: Connections,
    usage: Usage | None,
    cpu_per_request_s: float | None,
    queries: QueryFigures | None,
) -> str:
    """Return the connections that were served, and what the server used for them."""
    served = "an unknown number" if connections.served is None else f"{connections.served:,}"
    parts = [f"served: {served} of {counted(connections.requested, 'connection')}"]
    if cpu_per_request_s is not None:
        parts.append(f"CPU per request {format_duration(cpu_per_request_s)}")
    if usage is not None:
        parts.append(f"memory {format_size(usage.memory_bytes)}")
    if queries is not None:
        parts.append(f"SQL queries per request {queries.count:,}")
    return ", ".join(parts)


def generator(facts: GeneratorFacts) -> str:
    """Return the generator and its version, and how closely its agents' clocks were compared."""
    fired = f"fired by {facts.name} ({facts.version})"
    if facts.clock_offset_s is None or facts.clock_error_s is None:
        return fired
    offset, error = map(format_duration, (facts.clock_offset_s, facts.clock_error_s))
    agents = counted(facts.agents, "agent")
    return f"{fired} with {agents}, clocks {offset} apart (known to {error})"
