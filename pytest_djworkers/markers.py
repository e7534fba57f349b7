"""Threshold markers, read into frozen Limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_djworkers.backends.registry import OURS, Registry
from pytest_djworkers.backends.spec import bare_name, spec_of
from pytest_djworkers.errors import BurstArgumentError, MarkerError, SettingsError
from pytest_djworkers.limits import FIGURES, LATENCIES, REGRESSIONS, Limit
from pytest_djworkers.options import SHAPE_OPTIONS
from pytest_djworkers.settings import parse_shape
from pytest_djworkers.units import (
    parse_duration,
    parse_share,
    parse_size,
    parse_whole,
    written,
)
from pytest_djworkers.verdict.rounds import Metric

_MOST = 1e300
"""Above this, a Python number may not be one that can be compared with a rate."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A pytest marker, as far as this module needs it; the closest come first."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TestPlan:
    """What a test's markers ask for under one backend."""

    limits: tuple[Limit, ...]
    shape: Mapping[str, object]

    __test__ = False

    @property
    def regressions(self) -> Mapping[Metric, float]:
        """The loss of a figure, against a baseline or a base, that fails the test."""
        return {
            metric: limit.bound
            for metric, figure in REGRESSIONS.items()
            for limit in self.limits
            if limit.figure == figure
        }


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
    in_order = sorted(chosen.values(), key=lambda limit: FIGURES.index(limit.figure))
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


# Reading.


def _one_argument(mark: Mark) -> object:
    if len(mark.args) != 1:
        raise MarkerError(f"{mark.name} takes one value, and {len(mark.args)} are given")
    return mark.args[0]


def _read_rps(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _MOST:
        raise MarkerError(f"min_rps({written(value)}): not a number above 0")
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
            f"{mark.name}({written(value)}): neither a whole number of 0 or more nor a share such"
            " as '1%'"
        ) from None


def _read_regression(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    metric = mark.kwargs.get("metric", Metric.RPS.value)
    if metric not in list(Metric):
        known = ", ".join(one.value for one in Metric)
        raise MarkerError(f"max_regression(metric={written(metric)}): not one of {known}")
    try:
        yield REGRESSIONS[Metric(metric)], parse_share(value), True
    except ValueError as error:
        raise MarkerError(f"max_regression({written(value)}): {error}") from None


def _read_cpu(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    try:
        yield "cpu_per_request", parse_duration(value), False
    except ValueError as error:
        raise MarkerError(f"max_cpu_per_request({written(value)}): {error}") from None


def _read_memory(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    value = _one_argument(mark)
    try:
        yield "memory", parse_size(value), False
    except ValueError as error:
        raise MarkerError(f"max_memory({written(value)}): {error}") from None


def _read_latency(mark: Mark) -> Iterable[tuple[str, float, bool]]:
    if mark.args or not mark.kwargs.keys() - {"backend"}:
        raise MarkerError("max_latency takes p50=, p90=, p95=, p99=, p999= and max=")
    for name, value in mark.kwargs.items():
        if name == "backend":
            continue
        try:
            yield f"latency {name}", parse_duration(value), False
        except ValueError as error:
            raise MarkerError(f"max_latency({name}={written(value)}): {error}") from None


_READERS: Mapping[str, tuple[Callable[[Mark], Iterable[tuple[str, float, bool]]], frozenset[str]]]
_READERS = {
    "min_rps": (_read_rps, frozenset()),
    "max_timeouts": (_read_count_or_share, frozenset()),
    "max_errors": (_read_count_or_share, frozenset()),
    "max_latency": (_read_latency, frozenset(LATENCIES)),
    "max_cpu_per_request": (_read_cpu, frozenset()),
    "max_memory": (_read_memory, frozenset()),
    "max_regression": (_read_regression, frozenset({"metric"})),
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
        raise MarkerError(f"djworkers({written(value)}): not a list of backends")
    return tuple(_spec(name, registry) for name in value)
