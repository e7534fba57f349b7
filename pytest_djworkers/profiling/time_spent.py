"""What a server spends the time of a burst's requests on: plain, frozen data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_djworkers.profiling.bottleneck import Capacity, bottleneck
from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.explanation import NO_FLAME, FlameGraph
from pytest_djworkers.profiling.flames import flame_of
from pytest_djworkers.profiling.items import item_of
from pytest_djworkers.profiling.launch_stacks import LaunchStacks, TimedStack, told_alike
from pytest_djworkers.profiling.waits import Wait

_MOST = 30


@dataclass(frozen=True, slots=True)
class TimePart:
    """A part of a request's time: that of one function with the libraries that it calls."""

    function: Function
    """The site's innermost function; that of a library where none of the site's is called."""
    wait: Wait | None
    """The thing that it waits for; None for CPU time."""
    time_s: float
    """The time in one request, in seconds."""


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """The time of a request, by function. Times are in seconds."""

    samples: int
    """The number of samples of CPU time."""
    cpu_s: float | None
    """The CPU time of a request in Python code; None if it wasn't sampled."""
    waiting_s: float | None
    """The time for which a request's code waits; None if it wasn't sampled."""
    parts: tuple[TimePart, ...] = ()
    """The largest parts, largest first."""
    cpu_flame: FlameGraph = NO_FLAME
    """The stacks of CPU time; base's times are 0."""
    waiting_flame: FlameGraph = NO_FLAME
    limit: str = ""
    """The thing that limits the server, in words; empty if it isn't known."""
    problems: tuple[str, ...] = ()
    """Why something could not be sampled, a line each."""


def time_spent(launch: LaunchStacks, capacity: Capacity) -> TimeSpent:
    """Return what a launch spent its time on."""
    (launch,) = told_alike([launch])
    parts = sorted(_parts((*launch.cpu, *launch.waiting)), key=lambda one: -one.time_s)
    return TimeSpent(
        samples=launch.samples,
        cpu_s=None if launch.cpu_load is None else launch.cpu_s,
        waiting_s=None if launch.waiting_load is None else launch.waiting_s,
        parts=tuple(parts[:_MOST]),
        cpu_flame=flame_of([()], [launch.cpu]),
        waiting_flame=flame_of([()], [launch.waiting]),
        limit=bottleneck([launch], capacity),
        problems=launch.problems,
    )


def _parts(stacks: Iterable[TimedStack]) -> Iterator[TimePart]:
    found: dict[tuple[Function, Wait | None], float] = defaultdict(float)
    for one in stacks:
        item = item_of(one)
        found[item.function, item.wait] += one.time_s
    return (TimePart(function, wait, time_s) for (function, wait), time_s in found.items())
