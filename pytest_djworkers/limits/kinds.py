"""All kinds of limits, and which of a test's limits a burst missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_djworkers.limits.failed_requests import MaxErrors, MaxTimeouts
from pytest_djworkers.limits.latency import MaxLatency
from pytest_djworkers.limits.protocol import Limit
from pytest_djworkers.limits.queries import MaxQueries
from pytest_djworkers.limits.regression import MaxRegression
from pytest_djworkers.limits.throughput import MinRps
from pytest_djworkers.limits.usage import MaxCpuPerRequest, MaxMemory
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.verdict.rounds import Metric

# Throughput comes first, since it explains most of the others. To add a limit, add its class here,
# and the help of its marker to MARKERS in options.py.
_IN_ORDER: tuple[type[Limit], ...] = (
    MinRps,
    MaxTimeouts,
    MaxErrors,
    MaxLatency,
    MaxCpuPerRequest,
    MaxMemory,
    MaxQueries,
    MaxRegression,
)
LIMITS: Mapping[str, type[Limit]] = {kind.marker: kind for kind in _IN_ORDER}
"""Each kind of limit by the name of its marker, in the order in which limits are judged."""


def in_order(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Return the limits in the order in which they are judged and shown."""
    markers = list(LIMITS)
    return tuple(
        sorted(limits, key=lambda one: (markers.index(one.marker), one.position, one.part or ""))
    )


def need_every_request(limits: Iterable[Limit]) -> bool:
    """Return True if a limit is on a figure in which requests that never end must be counted."""
    return any(
        limit.metric is Metric.P95
        if isinstance(limit, MaxRegression)
        else isinstance(limit, MaxLatency | MaxTimeouts)
        for limit in limits
    )


def misses(limits: Iterable[Limit], result: BurstResult) -> list[str]:
    """Return a line for every limit that a burst missed, with figure, limit and distance.

    A limit on a part must be on one that the burst has.
    """
    # The figures lack a part of the load, so they are of another burst than the one asked for.
    if missing := result.missing_agents:
        return [f"{missing}, so {limit.text} can't pass" for limit in limits]
    return [
        f"{miss}{_doubt(limit, result)}"
        for limit in limits
        if (miss := limit.miss(_judged(limit, result)))
    ]


def _doubt(limit: Limit, result: BurstResult) -> str:
    """Return that the generator may be why a limit was missed; empty if it can't be."""
    # A generator that was the bottleneck can only make figures worse, and queries are counted
    # before it fires.
    in_doubt = result.generator_bound and not isinstance(limit, MaxQueries)
    return " (generator-bound: the generator may be why)" if in_doubt else ""


def _judged(limit: Limit, result: BurstResult) -> BurstResult:
    return result if limit.part is None else result.part(limit.part)
