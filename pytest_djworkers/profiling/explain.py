"""Makes the explanation of a change from the stacks of several launches of both arms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from pytest_djworkers.profiling.bottleneck import BUSY, Capacity, bottleneck, cpu_share
from pytest_djworkers.profiling.causes import CauseFinder, Times
from pytest_djworkers.profiling.code_changes import CodeChanges
from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.differences import Difference
from pytest_djworkers.profiling.explanation import (
    ArmStack,
    Cause,
    CauseKind,
    Explanation,
    FlameGraph,
    FunctionChange,
)
from pytest_djworkers.profiling.items import item_of
from pytest_djworkers.profiling.items_changed import (
    Changed,
    LaunchTimes,
    changed_items,
    whole_difference,
)
from pytest_djworkers.profiling.launch_stacks import LaunchStacks, TimedStack
from pytest_djworkers.profiling.query_changes import QueryChanges
from pytest_djworkers.profiling.waits import Wait

_LEAST_OF_FLAME = 0.001
"""The share of all time that a stack must have in one of the arms to be kept."""
_MOST_FUNCTIONS = 60
_LEAST_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """All that an explanation is made from."""

    base: tuple[LaunchStacks, ...]
    """The launches of base, pair by pair with those of head."""
    head: tuple[LaunchStacks, ...]
    changes: CodeChanges
    queries: QueryChanges | None
    """None if the queries are not known."""
    is_slower: bool | None
    """True if head is slower, False if it is faster; None if neither is known."""
    capacity: Capacity


def explain(measured: Measured) -> Explanation:
    """Return the explanation. With fewer than two pairs of launches, it has queries alone."""
    base = tuple(_translated(one, measured.changes) for one in measured.base)
    head = measured.head
    share = cpu_share(head, measured.capacity)
    is_computing = share is None or share >= BUSY
    times = Times(*_enough(base)), Times(*_enough(head))
    finder = CauseFinder(
        *times, measured.changes, measured.queries, measured.is_slower, is_computing
    )
    causes = finder.find()
    cpu, waiting = _both(times, "cpu"), _both(times, "waiting")
    cpu_whole, waiting_whole = _whole(*cpu), _whole(*waiting)
    functions = [
        *_functions(*cpu, measured.changes, None),
        *_functions(*waiting, measured.changes, Wait.OTHER),
    ]
    return Explanation(
        pairs=len(base),
        samples=(sum(one.samples for one in base), sum(one.samples for one in head)),
        causes=causes,
        is_computing=is_computing,
        cpu=cpu_whole,
        waiting=waiting_whole,
        visible_s=visible_change_s(*cpu),
        explained=_explained(causes, cpu_whole if is_computing else waiting_whole),
        functions=tuple(sorted(functions, key=_importance)[:_MOST_FUNCTIONS]),
        cpu_flame=_flame(*cpu),
        waiting_flame=_flame(*waiting),
        limits=(bottleneck(base, measured.capacity), bottleneck(head, measured.capacity)),
        problems=tuple(dict.fromkeys(text for one in (*base, *head) for text in one.problems)),
    )


def visible_change_s(base: LaunchTimes, head: LaunchTimes) -> float | None:
    """Return the smallest change of an item's time that could be told from none, in seconds: the
    median over items with some time. None with fewer than two pairs of launches."""
    if len(base) < _LEAST_PAIRS:
        return None
    items = changed_items(base, head, lambda stack: (item_of(stack),))
    return median(one.difference.either_way_s for one in items.values()) if items else None


def _translated(launch: LaunchStacks, changes: CodeChanges) -> LaunchStacks:
    """Return a launch of base with head's names for its functions."""

    def stacks(found: Iterable[TimedStack]) -> Iterator[TimedStack]:
        for one in found:
            calls = (replace(call, function=changes.in_head(call.function)) for call in one.calls)
            yield replace(one, calls=tuple(calls))

    return replace(launch, cpu=tuple(stacks(launch.cpu)), waiting=tuple(stacks(launch.waiting)))


def _enough(launches: Sequence[LaunchStacks]) -> tuple[LaunchTimes, LaunchTimes]:
    """Return the stacks of each launch, of CPU and of waiting; none of what some launch lacks."""
    has_cpu = all(one.cpu_load is not None for one in launches)
    has_waiting = all(one.waiting_load is not None for one in launches)
    return (
        [one.cpu for one in launches] if has_cpu else [],
        [one.waiting for one in launches] if has_waiting else [],
    )


def _both(times: tuple[Times, Times], kind: str) -> tuple[LaunchTimes, LaunchTimes]:
    """Return the stacks of base and head; none of both if one of them has none."""
    base, head = (getattr(one, kind) for one in times)
    return (base, head) if len(base) == len(head) >= _LEAST_PAIRS else ([], [])


def _whole(base: LaunchTimes, head: LaunchTimes) -> Difference | None:
    return whole_difference(base, head) if base else None


def _explained(causes: Sequence[Cause], whole: Difference | None) -> float | None:
    """Return the part of the whole change that the causes make up, as a fraction."""
    # The time of a query is in neither whole, since the database takes it.
    known = [one.change_s for one in causes if one.kind is not CauseKind.QUERIES]
    if whole is None or not whole.change_s or len(known) != len(causes):
        return None
    return sum(known) / whole.change_s


def _functions(
    base: LaunchTimes, head: LaunchTimes, changes: CodeChanges, wait: Wait | None
) -> Iterator[FunctionChange]:
    """Yield the functions with some time in one of the arms."""
    if not base:
        return
    totals = changed_items(base, head, _functions_on)
    owns = changed_items(base, head, lambda stack: (stack.calls[-1].function,))
    none = Changed(Difference(0.0, 0.0, (0.0, 0.0), 1.0), is_certain=False)
    for function, total in totals.items():
        own = owns.get(function, none)
        yield FunctionChange(
            function,
            own.difference,
            total.difference,
            wait,
            own.is_certain or total.is_certain,
            changes.is_edited(function),
        )


def _functions_on(stack: TimedStack) -> Iterator[Function]:
    return (call.function for call in stack.calls)


def _importance(change: FunctionChange) -> tuple[object, ...]:
    own = max(abs(change.own.change_s), abs(change.total.change_s))
    return not change.is_certain, not change.function.is_of_site, -own, str(change.function)


def _flame(base: LaunchTimes, head: LaunchTimes) -> FlameGraph:
    """Return the mean time of each stack of functions in both arms."""
    if not base:
        return FlameGraph()
    arms = [_mean_times(one) for one in (base, head)]
    least_s = _LEAST_OF_FLAME * max(sum(one.values()) for one in arms)
    numbers: dict[Function, int] = {}
    stacks = []
    for functions in {**arms[0], **arms[1]}:
        both = arms[0].get(functions, 0.0), arms[1].get(functions, 0.0)
        if max(both) >= least_s:
            numbered = tuple(numbers.setdefault(one, len(numbers)) for one in functions)
            stacks.append(ArmStack(numbered, *both))
    return FlameGraph(tuple(numbers), tuple(stacks))


def _mean_times(launches: LaunchTimes) -> Mapping[tuple[Function, ...], float]:
    found: Counter[tuple[Function, ...]] = Counter()
    for stacks in launches:
        for one in stacks:
            found[tuple(_functions_on(one))] += one.time_s / len(launches)  # type: ignore[assignment]  # a mean
    return found
