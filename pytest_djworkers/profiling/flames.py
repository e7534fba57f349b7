"""The stacks of functions with their time in both arms, as flame graphs draw them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.explanation import ArmStack, FlameGraph
from pytest_djworkers.profiling.items_changed import LaunchTimes
from pytest_djworkers.profiling.launch_stacks import TimedStack

_LEAST = 0.001
"""The share of all time that a stack must have in one of the arms to be kept."""


def flame_of(base: LaunchTimes, head: LaunchTimes) -> FlameGraph:
    """Return the mean time of each stack of functions over the launches of both arms."""
    times = _mean_times(base), _mean_times(head)
    least_s = _LEAST * max(sum(one.values()) for one in times)
    numbers: dict[Function, int] = {}
    stacks = []
    for functions in {**times[0], **times[1]}:
        both = times[0].get(functions, 0.0), times[1].get(functions, 0.0)
        if max(both) >= least_s:
            numbered = tuple(numbers.setdefault(one, len(numbers)) for one in functions)
            stacks.append(ArmStack(numbered, *both))
    return FlameGraph(tuple(numbers), tuple(stacks))


def functions_on(stack: TimedStack) -> Iterator[Function]:
    """Yield the functions of a stack, the outermost first."""
    return (call.function for call in stack.calls)


def _mean_times(launches: LaunchTimes) -> Mapping[tuple[Function, ...], float]:
    found: dict[tuple[Function, ...], float] = defaultdict(float)
    for stacks in launches:
        for one in stacks:
            found[tuple(functions_on(one))] += one.time_s / len(launches)
    return found
