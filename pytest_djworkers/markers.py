"""Threshold markers, read into frozen Limits, and their check against a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_djworkers.backends.registry import OURS, Registry
from pytest_djworkers.backends.spec import bare_name, spec_of
from pytest_djworkers.errors import BurstArgumentError, MarkerError, SettingsError
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.options import SHAPE_OPTIONS
from pytest_djworkers.settings import parse_shape
from pytest_djworkers.units import (
    format_duration,
    format_rate,
    format_share,
    format_size,
    parse_duration,
    parse_share,
    parse_size,
    parse_whole,
)

_MOST = 1e300
"""Above this, a Python number may not be one that can be compared with a rate."""

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}
_LATENCIES = (*PERCENTILES, "max")
_USAGE: Mapping[str, Callable[[float], str]] = {
    "cpu_per_request": format_duration,
    "memory": format_size,
}
"""What the server uses, and how that is written."""
_FIGURES = (
    *("rps", "timeouts", "errors"),
    *(f"latency {name}" for name in _LATENCIES),
    *_USAGE,
    "regression",
)
"""The order in which limits are judged and told."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A pytest marker, as far as this module needs it; the closest come first."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold. ``bound`` is requests/s, seconds, bytes, a count, or a fraction
    (``is_share``)."""

    figure: str
    """``rps``, ``timeouts``, ``errors``, ``latency p99``, ..., ``regression``."""
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
        return (
            f"max_{self.figure}({format_share(self.bound) if self.is_share else f'{self.bound:g}'})"
        )


@dataclass(frozen=True, slots=True)
class TestPlan:
    """What a test's markers ask for under one backend."""

    limits: tuple[Limit, ...]
    shape: Mapping[str, object]

    __test__ = False

    @property
    def max_regression(self) -> float | None:
        """The loss against the stored baseline that fails the test."""
        return next((limit.bound for limit in self.limits if limit.figure == "regression"), None)


def read_plan(marks: Iterable[Mark], backend: str, registry: Registry = OURS) -> TestPlan:
    """What the markers ask for under this backend, named by its spec.

    For each figure the most specific backend wins, then the closest node. Raises MarkerError
    for an unknown argument, a bad value, or an unknown backend.
    """
    chosen: dict[str, Limit] = {}
    shape: dict[str, object] = {}
    for mark in marks:
        if mark.name in _READERS:
            for limit in _read_limits(mark, registry):
                if limit.backend is not None and not _names(limit.backend, backend):
                    continue
                before = chosen.get(limit.figure)
                if before is None or _specificity(before) < _specificity(limit):
                    chosen[limit.figure] = limit
        elif mark.name == "burst":
            for name, value in _read_shape(mark).items():
                shape.setdefault(name, value)
    in_order = sorted(chosen.values(), key=lambda limit: _FIGURES.index(limit.figure))
    return TestPlan(tuple(in_order), shape)


def has_limits(marks: Iterable[Mark]) -> bool:
    """Whether any of the markers is a limit."""
    return any(mark.name in _READERS for mark in marks)


def skip_reason(marks: Iterable[Mark], backend: str, registry: Registry = OURS) -> str | None:
    """Why a test makes no sense under a backend, named by its spec; None when it does.

    Raises MarkerError for an unknown argument or backend.
    """
    for mark in marks:
        if mark.name != "djworkers":
            continue
        if mark.args or not mark.kwargs.keys() <= {"only", "skip", "reason"}:
            raise MarkerError("djworkers takes only=[...], skip=[...] and reason=")
        only, skip = (_backend_list(mark.kwargs.get(key), registry) for key in ("only", "skip"))
        reason = mark.kwargs.get("reason")
        the_only = f"the test is for {', '.join(only)} only"
        if only and not any(_names(one, backend) for one in only):
            return f"not for {backend}: {reason or the_only}"
        if any(_names(one, backend) for one in skip):
            return f"not for {backend}: {reason or 'the test says so'}"
    return None


def _names(named: str, backend: str) -> bool:
    """Whether a name, or a spec, in a marker is this backend's."""
    return named in {backend, bare_name(backend)}


def _specificity(limit: Limit) -> int:
    """0 for all backends, 1 for a server, 2 for one with its settings."""
    return 0 if limit.backend is None else 1 + (":" in limit.backend)


def misses(limits: Iterable[Limit], result: BurstResult) -> list[str]:
    """Every limit that a burst missed, with figure, limit and distance."""
    found = []
    for limit in limits:
        if limit.figure != "regression" and (miss := _miss(limit, result)):
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
    count = result.timeouts if limit.figure == "timeouts" else result.errors
    value = count / result.judged if limit.is_share else count
    if value <= limit.bound:
        return None
    share = format_share(count / result.judged)
    over = format_share(value - limit.bound) if limit.is_share else f"{value - limit.bound:g}"
    kinds = f" ({_error_kinds(result)})" if limit.figure == "errors" else ""
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
        return None
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
    if value <= limit.bound:
        return None
    return f"{what}: {unit(value)}, limit {limit.text}, {unit(value - limit.bound)} over"


def _hidden(result: BurstResult) -> str:
    name = result.generator.name
    if result.starved is None:
        return f"{name} got no answer in time, and does not count requests that never end"
    at_work = result.connections.at_work or 0.0
    return (
        f"starved: {at_work:.0f} of {result.connections.asked} connections were at work, and {name}"
        " does not count requests that never end (--djworkers-generator=asyncio does)"
    )


def _error_kinds(result: BurstResult) -> str:
    kinds = {
        f"status {status}": count
        for status, count in (result.statuses or {}).items()
        if not result.profile.request.expects(status)
    }
    if result.statuses is None and result.unexpected:
        kinds["status 400 or above"] = result.unexpected
    kinds.update(result.error_kinds)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())


# Reading.


def _one_argument(mark: Mark) -> object:
    if len(mark.args) != 1:
        raise MarkerError(f"{mark.name} takes one value, and {len(mark.args)} are given")
    return mark.args[0]


def _read_rps(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _MOST:
        raise MarkerError(f"min_rps({value!r}): not a number above 0")
    yield "rps", float(value), False


def _read_count_or_share(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    figure = mark.name.removeprefix("max_")
    try:
        if isinstance(value, str):
            yield figure, parse_share(value), True
        else:
            yield figure, float(parse_whole(value, least=0)), False
    except ValueError:
        raise MarkerError(
            f"{mark.name}({value!r}): neither a whole number of 0 or more nor a share such as '1%'"
        ) from None


def _read_regression(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    try:
        yield "regression", parse_share(value), True
    except ValueError as error:
        raise MarkerError(f"max_regression({value!r}): {error}") from None


def _read_cpu(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    try:
        yield "cpu_per_request", parse_duration(value), False
    except ValueError as error:
        raise MarkerError(f"max_cpu_per_request({value!r}): {error}") from None


def _read_memory(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    try:
        yield "memory", parse_size(value), False
    except ValueError as error:
        raise MarkerError(f"max_memory({value!r}): {error}") from None


def _read_latency(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    if mark.args or not mark.kwargs.keys() - {"backend"}:
        raise MarkerError("max_latency takes p50=, p90=, p95=, p99=, p999= and max=")
    for name, value in mark.kwargs.items():
        if name == "backend":
            continue
        try:
            yield f"latency {name}", parse_duration(value), False
        except ValueError as error:
            raise MarkerError(f"max_latency({name}={value!r}): {error}") from None


_READERS: Mapping[str, tuple[Callable[[Mark], Iterable[tuple[str, float, bool]]], frozenset[str]]]
_READERS = {
    "min_rps": (_read_rps, frozenset()),
    "max_timeouts": (_read_count_or_share, frozenset()),
    "max_errors": (_read_count_or_share, frozenset()),
    "max_latency": (_read_latency, frozenset(_LATENCIES)),
    "max_cpu_per_request": (_read_cpu, frozenset()),
    "max_memory": (_read_memory, frozenset()),
    "max_regression": (_read_regression, frozenset()),
}


def _read_limits(mark: Mark, registry: Registry) -> list[Limit]:
    reader, arguments = _READERS[mark.name]
    if unknown := sorted(mark.kwargs.keys() - arguments - {"backend"}):
        accepted = ", ".join(sorted(arguments | {"backend"}))
        raise MarkerError(f"{mark.name} has no argument {unknown[0]!r} (it has: {accepted})")
    backend = mark.kwargs.get("backend")
    if backend is not None:
        backend = _spec(backend, registry)
    return [Limit(figure, bound, share, backend) for figure, bound, share in reader(mark)]


def _read_shape(mark: Mark) -> Mapping[str, object]:
    if mark.args:
        raise MarkerError(f"burst takes {', '.join(f'{name}=' for name in SHAPE_OPTIONS)}")
    try:
        return parse_shape(mark.kwargs)
    except BurstArgumentError as error:
        raise MarkerError(f"burst: {error}") from None


def _spec(name: object, registry: Registry) -> str:
    """The backend that is named, as it is shown."""
    try:
        return spec_of(registry.known(str(name)))
    except SettingsError as error:
        raise MarkerError(str(error)) from None


def _backend_list(value: object, registry: Registry) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise MarkerError(f"djworkers({value!r}): not a list of backends")
    return tuple(_spec(name, registry) for name in value)
