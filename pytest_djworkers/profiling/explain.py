"""Makes the explanation of a change from the stacks of several launches of both arms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from pytest_djworkers.profiling.bottleneck import Capacity, bottleneck, computes
from pytest_djworkers.profiling.causes import CauseFinder
from pytest_djworkers.profiling.code_changes import CodeChanges
from pytest_djworkers.profiling.differences import (
    FALSE_DISCOVERIES,
    FALSE_WITHOUT_CHANGE,
    Difference,
)
from pytest_djworkers.profiling.explanation import (
    NO_FLAME,
    Cause,
    CauseKind,
    Explanation,
    FlameGraph,
    FunctionChange,
)
from pytest_djworkers.profiling.flames import flame_of, functions_on
from pytest_djworkers.profiling.items import item_of
from pytest_djworkers.profiling.items_changed import (
    ArmTimes,
    Changed,
    LaunchTimes,
    changed_items,
    whole_difference,
)
from pytest_djworkers.profiling.launch_stacks import LaunchStacks, TimedStack, told_alike
from pytest_djworkers.profiling.query_changes import QueryChanges

_MOST_FUNCTIONS = 60
_LEAST_LAUNCHES = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """All that an explanation is made from."""

    base: tuple[LaunchStacks, ...]
    """The launches of base, as many as those of head."""
    head: tuple[LaunchStacks, ...]
    changes: CodeChanges
    queries: QueryChanges | None
    """None if the queries are not known."""
    is_slower: bool | None
    """True if head is slower, False if it is faster; None if neither is known."""
    capacity: Capacity


def explain(measured: Measured) -> Explanation:
    """Return the explanation. With fewer than two launches of each arm, it has queries alone."""
    base = tuple(_translated(one, measured.changes) for one in measured.base)
    head, changes = measured.head, measured.changes
    is_computing = computes(head, measured.capacity)
    share = FALSE_WITHOUT_CHANGE if measured.is_slower is None else FALSE_DISCOVERIES
    cpu, waiting = _cpu_times(base, head, share), _waiting_times(base, head, share)
    causes = CauseFinder(
        cpu, waiting, changes, measured.queries, measured.is_slower, is_computing
    ).find()
    whole = _whole(cpu), _whole(waiting)
    functions = [
        *_functions(cpu, changes, is_waiting=False),
        *_functions(waiting, changes, is_waiting=True),
    ]
    return Explanation(
        launches=len(base),
        samples=(0, 0) if cpu is None else (_samples(cpu.base), _samples(cpu.head)),
        causes=causes,
        is_computing=is_computing,
        cpu=whole[0],
        waiting=whole[1],
        visible_s=None if cpu is None else _visible_change_s(cpu),
        explained=_explained(causes, whole[0], CauseKind.CPU)
        if is_computing
        else _explained(causes, whole[1], CauseKind.WAIT),
        queries=measured.queries,
        functions=tuple(sorted(functions, key=_importance)[:_MOST_FUNCTIONS]),
        cpu_flame=_flame(cpu),
        waiting_flame=_flame(waiting),
        limits=(bottleneck(base, measured.capacity), bottleneck(head, measured.capacity)),
        problems=tuple(dict.fromkeys(text for one in (*base, *head) for text in one.problems)),
    )


def is_exact(measured: Measured, share: float) -> bool:
    """Return True if a change of a function's CPU time by this share of all time could be told from
    none, or if no CPU time is sampled."""
    cpu = _cpu_times(measured.base, measured.head, FALSE_DISCOVERIES)
    if cpu is None:
        return True
    visible_s = _visible_change_s(cpu)
    return visible_s is None or visible_s <= share * whole_difference(cpu).base_s


def _visible_change_s(arms: ArmTimes) -> float | None:
    """Return the smallest change of an item's time that could be told from none, in seconds: the
    median over items with some time. None without such items."""
    items = changed_items(arms, lambda stack: (item_of(stack),))
    return median(one.difference.either_way_s for one in items.values()) if items else None


def _translated(launch: LaunchStacks, changes: CodeChanges) -> LaunchStacks:
    """Return a launch of base with head's names for its functions."""

    def stacks(found: Iterable[TimedStack]) -> Iterator[TimedStack]:
        for one in found:
            calls = (replace(call, function=changes.in_head(call.function)) for call in one.calls)
            yield replace(one, calls=tuple(calls))

    return replace(
        launch,
        cpu=tuple(stacks(launch.cpu)),
        active=tuple(stacks(launch.active)),
        waiting=tuple(stacks(launch.waiting)),
    )


def _cpu_times(
    base: Sequence[LaunchStacks], head: Sequence[LaunchStacks], share: float
) -> ArmTimes | None:
    """Return the CPU time of the launches; None if it was sampled in too few of them."""
    pairs = _pairs(base, head, lambda one: one.cpu_load is not None)
    if len(pairs) < _LEAST_LAUNCHES:
        return None
    alike = told_alike([*(one for one, _ in pairs), *(one for _, one in pairs)])
    of_base, of_head = alike[: len(pairs)], alike[len(pairs) :]
    return ArmTimes([one.cpu for one in of_base], [one.cpu for one in of_head], share)


def _waiting_times(
    base: Sequence[LaunchStacks], head: Sequence[LaunchStacks], share: float
) -> ArmTimes | None:
    """Return the same for the time of waiting."""
    pairs = _pairs(base, head, lambda one: one.waiting_load is not None)
    if len(pairs) < _LEAST_LAUNCHES:
        return None
    return ArmTimes([one.waiting for one, _ in pairs], [one.waiting for _, one in pairs], share)


def _pairs(
    base: Sequence[LaunchStacks],
    head: Sequence[LaunchStacks],
    is_sampled: Callable[[LaunchStacks], bool],
) -> list[tuple[LaunchStacks, LaunchStacks]]:
    """Return the launches of both arms, without those in which one was not sampled."""
    pairs = zip(base, head, strict=True)
    return [pair for pair in pairs if all(map(is_sampled, pair))]


def _samples(launches: LaunchTimes) -> int:
    return sum(one.samples for stacks in launches for one in stacks)


def _whole(arms: ArmTimes | None) -> Difference | None:
    return None if arms is None else whole_difference(arms)


def _explained(causes: Sequence[Cause], whole: Difference | None, kind: CauseKind) -> float | None:
    """Return the part of the whole change that its causes make up, as a fraction."""
    # The time of a query is in neither whole, since the database takes it.
    if whole is None or not whole.change_s or any(one.kind is CauseKind.QUERIES for one in causes):
        return None
    return sum(one.change_s for one in causes if one.kind is kind) / whole.change_s


def _functions(
    arms: ArmTimes | None, changes: CodeChanges, *, is_waiting: bool
) -> Iterator[FunctionChange]:
    """Yield the functions with some time in one of the arms."""
    if arms is None:
        return
    totals = changed_items(arms, functions_on)
    owns = changed_items(arms, lambda stack: (stack.calls[-1].function,))
    none = Changed(Difference(0.0, 0.0, (0.0, 0.0), 1.0), is_certain=False)
    for function, total in totals.items():
        own = owns.get(function, none)
        yield FunctionChange(
            function,
            own.difference,
            total.difference,
            is_waiting,
            own.is_certain or total.is_certain,
            changes.is_edited(function),
        )


def _importance(change: FunctionChange) -> tuple[object, ...]:
    function, change_s = change.function, abs(change.own.change_s)
    if function.is_of_site:
        # The functions of a library that call others are those of the server, above all.
        change_s = max(change_s, abs(change.total.change_s))
    return not change.is_certain, not function.is_of_site, -change_s, str(function)


def _flame(arms: ArmTimes | None) -> FlameGraph:
    return NO_FLAME if arms is None else flame_of(arms.base, arms.head)
