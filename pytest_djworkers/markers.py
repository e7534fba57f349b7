"""The markers of a test, read into its limits and the shape of its bursts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_djworkers.backends.registry import BUILT_IN, Registry
from pytest_djworkers.backends.spec import bare_name, spec_of
from pytest_djworkers.errors import BurstArgumentError, MarkerError, SettingsError
from pytest_djworkers.limits.kinds import LIMITS, in_order
from pytest_djworkers.limits.latency import MaxLatency
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.limits.protocol import Limit, Position
from pytest_djworkers.limits.regression import MaxRegression
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import no_such_part
from pytest_djworkers.options import SHAPE_OPTIONS
from pytest_djworkers.settings.shape import parse_shape
from pytest_djworkers.units import written
from pytest_djworkers.users.wanted import USER_ARGUMENTS, GivenUsers, given_users
from pytest_djworkers.verdict.rounds import Metric


@dataclass(frozen=True, slots=True)
class TestPlan:
    """The limits of a test, and the shape of its bursts, under one backend."""

    limits: tuple[Limit, ...]
    """The limits in the order in which they are judged; one for each figure at most."""
    shape: Mapping[str, float]
    """The values of the shape that markers give, by the names of their options."""
    users: GivenUsers | None = None
    """The users of its bursts; None if no marker says anything about them."""

    __test__ = False  # pytest would collect a class of this name

    @property
    def regressions(self) -> Mapping[Metric, float]:
        """The largest loss that is allowed of each metric, as a fraction."""
        return {
            limit.metric: limit.bound for limit in self.limits if isinstance(limit, MaxRegression)
        }

    @property
    def same_size(self) -> MaxRegression | None:
        """The limit that asks for bodies of the same length; None if no limit does."""
        asking = (
            limit for limit in self.limits if isinstance(limit, MaxRegression) and limit.same_size
        )
        return next(asking, None)


def read_plan(marks: Iterable[Mark], backend: str, registry: Registry = BUILT_IN) -> TestPlan:
    """Return the plan of a test under a backend, which is named by its spec.

    ``marks`` come with the closest node first. For each figure the most specific backend wins,
    then the closest node. Raises MarkerError for an unknown argument, a bad value, or an unknown
    backend.
    """
    chosen: dict[tuple[str, Position, str | None], Limit] = {}
    shape: dict[str, float] = {}
    users: GivenUsers | None = None
    for mark in marks:
        if mark.name in LIMITS:
            for limit in _read_limits(mark, registry):
                if limit.backend is not None and not _is_meant(limit.backend, backend):
                    continue
                figure = limit.marker, limit.position, limit.part
                closer = chosen.get(figure)
                # Equally specific limits: the one seen first is closer to the test, and stays.
                if closer is None or _specificity(closer) < _specificity(limit):
                    chosen[figure] = limit
        elif mark.name == "burst":
            # Argument by argument: a test's own duration leaves its class the connections.
            for name, value in _read_shape(mark).items():
                shape.setdefault(name, value)
            named = _read_users(mark)
            users = named if users is None else users
    return TestPlan(in_order(chosen.values()), shape, users)


def refuse_unknown_parts(profile: Profile, limits: Iterable[Limit]) -> None:
    """Raise BurstArgumentError if a limit is for a part that this mix does not have.

    Every mix of a test must have the parts that its limits are for, so that a typing error ends
    before the burst. A burst of one request needs none of them.
    """
    if not profile.is_mix:
        return
    names = [part.name for part in profile.parts]
    for limit in limits:
        if limit.part is not None and limit.part not in names:
            raise BurstArgumentError(
                f"{limit.text}: {no_such_part(limit.part, profile.name, names)}"
            )


def has_limits(marks: Iterable[Mark]) -> bool:
    """Return whether any of the markers sets a limit."""
    return any(mark.name in LIMITS for mark in marks)


def skip_reason(marks: Iterable[Mark], backend: str, registry: Registry = BUILT_IN) -> str | None:
    """Return why a test is skipped under a backend, which is named by its spec; else None.

    Raises MarkerError for an unknown argument or backend.
    """
    for mark in marks:
        if mark.name != "djworkers":
            continue
        if mark.args or not mark.kwargs.keys() <= {"only", "skip", "reason"}:
            given = (*mark.args, mark.kwargs.get("backend"), mark.kwargs.get("backends"))
            meant = _names_in(given)
            example = f": write djworkers(only={meant})" if meant else ""
            raise MarkerError(f"djworkers takes only=[...], skip=[...] and reason={example}")
        only, skip = (
            _backend_list(key, mark.kwargs.get(key), registry) for key in ("only", "skip")
        )
        reason = mark.kwargs.get("reason")
        default = f"the test is for {', '.join(only)} only"
        if only and not any(_is_meant(name, backend) for name in only):
            return f"not for {backend}: {reason or default}"
        if any(_is_meant(name, backend) for name in skip):
            return f"not for {backend}: {reason or 'the test says so'}"
    return None


def _is_meant(named: str, backend: str) -> bool:
    """Return whether a name or a spec in a marker is for the backend with this spec."""
    return named in {backend, bare_name(backend)}


def _specificity(limit: Limit) -> int:
    # 0 for all backends, 1 for a backend with any settings, 2 for a whole spec.
    return 0 if limit.backend is None else 1 + (":" in limit.backend)


def _read_limits(mark: Mark, registry: Registry) -> Iterable[Limit]:
    kind = LIMITS[mark.name]
    accepted = {*kind.arguments, "backend"}
    if "part" in mark.kwargs and "part" not in accepted:
        raise MarkerError(f"{mark.name} is a limit on the whole burst, so it takes no part=")
    if unknown := sorted(mark.kwargs.keys() - accepted):
        is_nameless = not mark.args and kind is not MaxLatency
        example = f": its limit has no name, {mark.name}(LIMIT)" if is_nameless else ""
        raise MarkerError(
            f"{mark.name} has no argument {unknown[0]!r} (it has: {', '.join(sorted(accepted))})"
            f"{example}"
        )
    backend = mark.kwargs.get("backend")
    if not isinstance(backend, str | None):
        raise MarkerError(
            f"{mark.name}(backend={written(backend)}): must be the name of one backend; each can"
            " have a marker of its own"
        )
    return kind.read(mark, None if backend is None else _spec(backend, registry))


def _read_shape(mark: Mark) -> Mapping[str, float]:
    if mark.args:
        names = ", ".join(f"{name}=" for name in (*SHAPE_OPTIONS, *USER_ARGUMENTS))
        raise MarkerError(f"burst takes {names}, each by its name, such as burst(connections=100)")
    given = {name: mark.kwargs[name] for name in mark.kwargs if name not in USER_ARGUMENTS}
    try:
        return parse_shape(given)
    except BurstArgumentError as error:
        raise MarkerError(f"burst: {error}") from None


def _read_users(mark: Mark) -> GivenUsers | None:
    given = {name: mark.kwargs[name] for name in USER_ARGUMENTS if name in mark.kwargs}
    try:
        users = given_users(**given)
        if users is not None:
            users.check()
    except BurstArgumentError as error:
        raise MarkerError(f"burst: {error}") from None
    return users


def _spec(name: object, registry: Registry) -> str:
    """Return the spec of the backend that is named, in the form that is shown."""
    try:
        return spec_of(registry.find(str(name)))
    except SettingsError as error:
        raise MarkerError(str(error)) from None


def _backend_list(argument: str, value: object, registry: Registry) -> tuple[str, ...]:
    if value is None:
        return ()
    # A string is an iterable of letters, and only="granian" a likely mistake.
    if isinstance(value, str) or not isinstance(value, Iterable):
        example = f": write {argument}=[{value!r}]" if isinstance(value, str) else ""
        raise MarkerError(
            f"djworkers({argument}={written(value)}): must be a list of backends{example}"
        )
    return tuple(_spec(name, registry) for name in value)


def _names_in(values: Iterable[object]) -> list[str]:
    """Return the texts among some values, and in lists among them."""
    names: list[str] = []
    for value in values:
        if isinstance(value, str):
            names.append(value)
        elif isinstance(value, list | tuple):
            names += _names_in(value)
    return names
