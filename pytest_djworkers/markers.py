"""The markers of a test, read into its limits and the shape of its bursts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_djworkers.backends.registry import BUILT_IN, Registry
from pytest_djworkers.backends.spec import bare_name, spec_of
from pytest_djworkers.errors import BurstArgumentError, MarkerError, SettingsError
from pytest_djworkers.limits.kinds import LIMITS, in_order
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.limits.protocol import Limit
from pytest_djworkers.limits.regression import MaxRegression
from pytest_djworkers.options import SHAPE_OPTIONS
from pytest_djworkers.settings.shape import parse_shape
from pytest_djworkers.units import written
from pytest_djworkers.verdict.rounds import Metric


@dataclass(frozen=True, slots=True)
class TestPlan:
    """What a test's markers ask for under one backend."""

    limits: tuple[Limit, ...]
    shape: Mapping[str, float]

    __test__ = False

    @property
    def regressions(self) -> Mapping[Metric, float]:
        """The loss of a figure, against a baseline or a base, that fails the test."""
        return {
            limit.metric: limit.bound for limit in self.limits if isinstance(limit, MaxRegression)
        }


def read_plan(marks: Iterable[Mark], backend: str, registry: Registry = BUILT_IN) -> TestPlan:
    """What the markers ask for under this backend, named by its spec.

    For each figure the most specific backend wins, then the closest node. Raises MarkerError
    for an unknown argument, a bad value, or an unknown backend.
    """
    chosen: dict[tuple[str, float], Limit] = {}
    shape: dict[str, float] = {}
    for mark in marks:
        if mark.name in LIMITS:
            for limit in _read_limits(mark, registry):
                if limit.backend is not None and not _names(limit.backend, backend):
                    continue
                figure = limit.marker, limit.position
                before = chosen.get(figure)
                if before is None or _specificity(before) < _specificity(limit):
                    chosen[figure] = limit
        elif mark.name == "burst":
            for name, value in _read_shape(mark).items():
                shape.setdefault(name, value)
    return TestPlan(in_order(chosen.values()), shape)


def has_limits(marks: Iterable[Mark]) -> bool:
    """Whether any of the markers is a limit."""
    return any(mark.name in LIMITS for mark in marks)


def skip_reason(marks: Iterable[Mark], backend: str, registry: Registry = BUILT_IN) -> str | None:
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


def _read_limits(mark: Mark, registry: Registry) -> Iterable[Limit]:
    kind = LIMITS[mark.name]
    accepted = {*kind.arguments, "backend"}
    if unknown := sorted(mark.kwargs.keys() - accepted):
        raise MarkerError(
            f"{mark.name} has no argument {unknown[0]!r} (it has: {', '.join(sorted(accepted))})"
        )
    backend = mark.kwargs.get("backend")
    return kind.read(mark, None if backend is None else _spec(backend, registry))


def _read_shape(mark: Mark) -> Mapping[str, float]:
    if mark.args:
        raise MarkerError(f"burst takes {', '.join(f'{name}=' for name in SHAPE_OPTIONS)}")
    try:
        return parse_shape(mark.kwargs)
    except BurstArgumentError as error:
        raise MarkerError(f"burst: {error}") from None


def _spec(name: object, registry: Registry) -> str:
    """The backend that is named, as it is shown."""
    try:
        return spec_of(registry.find(str(name)))
    except SettingsError as error:
        raise MarkerError(str(error)) from None


def _backend_list(value: object, registry: Registry) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise MarkerError(f"djworkers({written(value)}): not a list of backends")
    return tuple(_spec(name, registry) for name in value)
