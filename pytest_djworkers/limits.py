"""Limits on a burst's figures, and what a result misses of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.unexpected import kinds_of, told
from pytest_djworkers.units import (
    format_duration,
    format_rate,
    format_share,
    format_size,
)
from pytest_djworkers.verdict.rounds import Metric

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}
LATENCIES = (*PERCENTILES, "max")
_USAGE: Mapping[str, Callable[[float], str]] = {
    "cpu_per_request": format_duration,
    "memory": format_size,
}
"""What the server uses, and how that is written."""
REGRESSIONS: Mapping[Metric, str] = {metric: f"regression {metric.value}" for metric in Metric}
"""The limits on what a figure may lose; held to by a comparison, not by a burst's figures."""
FIGURES = (
    *("rps", "timeouts", "errors"),
    *(f"latency {name}" for name in LATENCIES),
    *_USAGE,
    *REGRESSIONS.values(),
)
"""The order in which limits are judged and told."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold. ``bound`` is requests/s, seconds, bytes, a count, or a fraction
    (``is_share``)."""

    figure: str
    """``rps``, ``timeouts``, ``errors``, ``latency p99``, ..., ``regression rps``."""
    bound: float
    is_share: bool = False
    backend: str | None = None
    """A backend's name, for all its settings, or a whole spec."""

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        if self.figure == "rps":
            return f"min_rps({self.bound:_.10g})"
        if self.figure.startswith("latency "):
            return f"max_latency({self.figure[8:]}={format_duration(self.bound)})"
        if self.figure in _USAGE:
            return f"max_{self.figure}({_USAGE[self.figure](self.bound)})"
        if self.figure in REGRESSIONS.values():
            metric = self.figure.removeprefix("regression ")
            of = "" if metric == Metric.RPS else f", metric={metric!r}"
            return f"max_regression({format_share(self.bound)}{of})"
        return (
            f"max_{self.figure}({format_share(self.bound) if self.is_share else f'{self.bound:g}'})"
        )


def misses(limits: Iterable[Limit], result: BurstResult) -> list[str]:
    """Every limit that a burst missed, with figure, limit and distance."""
    found = []
    for limit in limits:
        if limit.figure not in REGRESSIONS.values() and (miss := _miss(limit, result)):
            doubt = " (generator-bound: the generator may be why)" if result.generator_bound else ""
            found.append(f"{miss}{doubt}")
    return found


def _miss(limit: Limit, result: BurstResult) -> str | None:
    if limit.figure == "rps":
        return _miss_rps(limit, result)
    if limit.figure.startswith("latency "):
        return _miss_latency(limit, result)
    if limit.figure in _USAGE:
        return _miss_usage(limit, result)
    if not result.judged:
        return f"{limit.figure}: nothing was answered, so there is nothing to hold to {limit.text}"
    if limit.figure == "timeouts" and result.hides_timeouts:
        return f"timeouts: {_hidden(result)}, so {limit.text} can't pass"
    if limit.figure == "timeouts" and (unseen := _unseen_timeouts(limit, result)):
        return unseen
    count = result.timeouts if limit.figure == "timeouts" else result.errors
    value = count / result.judged if limit.is_share else count
    if value <= limit.bound:
        return None
    share = format_share(count / result.judged)
    over = format_share(value - limit.bound) if limit.is_share else f"{value - limit.bound:g}"
    kinds = f" ({told(kinds_of(result))})" if limit.figure == "errors" else ""
    return (
        f"{limit.figure}: {count:,} of {result.judged:,} ({share}){kinds}, limit {limit.text},"
        f" {over} over"
    )


def _miss_rps(limit: Limit, result: BurstResult) -> str | None:
    if result.rps >= limit.bound:
        return None
    short = limit.bound - result.rps
    return (
        f"requests/s: {format_rate(result.rps)}, limit {limit.text}, {format_rate(short)}"
        f" ({format_share(short / limit.bound)}) short"
    )


def _miss_latency(limit: Limit, result: BurstResult) -> str | None:
    name = limit.figure[8:]
    if result.hides_timeouts:
        return f"latency {name}: {_hidden(result)}, so {limit.text} can't pass"
    if result.latency is None:
        return f"latency {name}: {result.generator.name} can't tell it, so {limit.text} can't pass"
    if name == "max":
        value, reason = result.latency.max, "no samples"
    else:
        value = result.latency.percentile(PERCENTILES[name])
        reason = result.latency.why_not(PERCENTILES[name]) or ""
    if value is None:
        return f"latency {name}: {reason}, so {limit.text} can't pass"
    if value <= limit.bound:
        return _unseen_latency(limit, result)
    over = value - limit.bound
    return (
        f"latency {name}: {format_duration(value)}, limit {limit.text},"
        f" {format_duration(over)} over"
    )


def _miss_usage(limit: Limit, result: BurstResult) -> str | None:
    """Of what the server used."""
    what, unit = limit.figure.replace("_", " "), _USAGE[limit.figure]
    if result.usage is None:
        return f"{what}: nobody could look at the server, so {limit.text} can't pass"
    is_memory = limit.figure == "memory"
    value = result.usage.memory_bytes if is_memory else result.cpu_per_request_s
    if value is None:
        return f"{what}: nothing was answered, so there is nothing to hold to {limit.text}"
    if not value:
        return f"{what}: none was seen, so there is nothing to hold to {limit.text}"
    if value <= limit.bound:
        return None
    return f"{what}: {unit(value)}, limit {limit.text}, {unit(value - limit.bound)} over"


def _unseen_timeouts(limit: Limit, result: BurstResult) -> str | None:
    """Of a burst that no request can outlast by its timeout: why the limit can't pass, unless it
    would with everything that was in flight counted as a timeout, too."""
    shape, unseen = result.profile.shape, _in_flight(result)
    if shape.duration_s > shape.timeout_s:
        return None
    at_most = result.timeouts + unseen
    if (at_most / (result.judged + unseen) if limit.is_share else at_most) <= limit.bound:
        return None
    return (
        f"timeouts: {unseen:,} requests were in flight at the end, and in"
        f" {format_duration(shape.duration_s)} none gets older than the timeout of"
        f" {format_duration(shape.timeout_s)}, so {limit.text} can't pass: ask for a longer burst"
        " (duration=) or a shorter timeout="
    )


def _unseen_latency(limit: Limit, result: BurstResult) -> str | None:
    """Of a limit that is met: why it can't pass, where requests that nobody waited for until then
    are enough to miss it."""
    name, shape = limit.figure[8:], result.profile.shape
    # A request without an answer is a sample once it is older than the timeout.
    if shape.duration_s > max(shape.timeout_s, limit.bound):
        return None
    unseen = _in_flight(result) + (result.unanswered or 0)
    beyond = 0.0 if name == "max" else 1 - PERCENTILES[name] / 100
    if unseen <= beyond * (result.ok + result.late + unseen):
        return None
    return (
        f"latency {name}: {unseen:,} requests had no response at the end, and in"
        f" {format_duration(shape.duration_s)} nobody sees whether they take longer than"
        f" {format_duration(limit.bound)}, so {limit.text} can't pass: ask for a longer burst"
        " (duration=) or a shorter timeout="
    )


def _in_flight(result: BurstResult) -> int:
    """How many requests may have been on their way at the end."""
    return result.connections.requested if result.in_flight is None else result.in_flight


def _hidden(result: BurstResult) -> str:
    name = result.generator.name
    if result.starved is None:
        return f"{name} got no answer in time, and does not count requests that never end"
    at_work = result.connections.at_work or 0.0
    return (
        f"starved: {at_work:.0f} of {result.connections.requested} connections were at work, and"
        f" {name} does not count requests that never end (--djworkers-generator=asyncio does)"
    )
