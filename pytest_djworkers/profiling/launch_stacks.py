"""The time per request that one launch spent in each stack, of CPU and of waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from pytest_djworkers.entry.stack_sampling import SampledRequests
from pytest_djworkers.profiling.code_folders import CodeFolders, Function, Owner
from pytest_djworkers.profiling.stacks import Frame, Stack, StackSamples
from pytest_djworkers.profiling.waits import Wait, wait_of

_LEAST_HOLDING = 0.4
"""The share of the CPU time for which threads must hold the GIL to tell what it was used for."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function on a stack, and the line that it has reached."""

    function: Function
    line: int


@dataclass(frozen=True, slots=True)
class TimedStack:
    """A stack with the time that a request spends in it, in seconds."""

    calls: tuple[Call, ...]
    """The outermost first; there is at least one."""
    wait: Wait | None
    """The thing that requests wait for in it; None if they use CPU time."""
    time_s: float
    samples: int


@dataclass(frozen=True, slots=True)
class Load:
    """The load of a sampled window."""

    requests: int
    """The number of requests that it responded to."""
    window_s: float
    """The time for which they were sampled, in seconds."""
    cpu_s: float | None
    """The CPU time of the server; None if it is not known."""

    def part(self, share: float) -> Load:
        """Return the load of a share of the workers."""
        cpu_s = None if self.cpu_s is None else self.cpu_s * share
        return replace(self, requests=round(self.requests * share), cpu_s=cpu_s)


@dataclass(frozen=True, slots=True)
class LaunchStacks:
    """The stacks of one launch."""

    cpu: tuple[TimedStack, ...] = ()
    """Of the threads that held the GIL; of all active ones if ``told_alike`` has chosen those."""
    active: tuple[TimedStack, ...] = ()
    """The same of all active threads."""
    held: float = 1.0
    """The share of the CPU time for which threads held the GIL."""
    waiting: tuple[TimedStack, ...] = ()
    in_flight: float | None = None
    """The number of requests that the site had in flight on average; None if it is not known."""
    cpu_load: Load | None = None
    """The load while CPU time was sampled; None if it wasn't."""
    waiting_load: Load | None = None
    problems: tuple[str, ...] = field(default=())
    """Why something could not be sampled, a line each."""

    @property
    def cpu_s(self) -> float:
        """The CPU time of a request in all stacks, in seconds."""
        return sum(one.time_s for one in self.cpu)

    @property
    def waiting_s(self) -> float:
        """The time that a request waits in all stacks, in seconds."""
        return sum(one.time_s for one in self.waiting)

    @property
    def samples(self) -> int:
        """The number of samples of CPU time."""
        return sum(one.samples for one in self.cpu)


def launch_of_cpu(
    samples: StackSamples, rate_hz: float, load: Load, folders: CodeFolders
) -> LaunchStacks:
    """Return a launch with the stacks that used CPU time."""
    holding_s = sum(samples.holding.values()) / rate_hz
    return LaunchStacks(
        cpu=_cpu_stacks(samples.holding, rate_hz, load, folders),
        active=_cpu_stacks(samples.active, rate_hz, load, folders),
        held=holding_s / load.cpu_s if load.cpu_s else 0.0,
        cpu_load=load,
    )


def told_alike(launches: Sequence[LaunchStacks]) -> list[LaunchStacks]:
    """Return launches whose CPU time is told by the same kind of samples.

    Threads are seen as active whenever the system wakes them: at the places where they gave the GIL
    away, or slept. So those that held the GIL tell more, unless much of the CPU time is of code
    that computes without it.
    """
    if launches and fmean(one.held for one in launches) < _LEAST_HOLDING:
        return [replace(one, cpu=one.active) for one in launches]
    return [*launches]


def waiting_stacks(
    sampled: Iterable[SampledRequests], load: Load, folders: CodeFolders
) -> tuple[tuple[TimedStack, ...], float]:
    """Return the stacks in which requests waited, and the mean number of requests in flight.

    By Little's law, the number of requests in a stack over their rate is the time that each spends
    there.
    """
    rate = load.requests / load.window_s if load.window_s else 0.0
    found: dict[tuple[tuple[Call, ...], Wait], tuple[float, int]] = {}
    in_flight = 0.0
    for process in sampled:
        frames = [Frame(*one) for one in process.frames]
        for stack in process.stacks:
            number = stack.count / process.ticks
            in_flight += number
            calls = tuple(_calls((frames[one] for one in stack.frames), folders))
            wait = wait_of([one.function for one in calls], stack.state, stack.call)
            if wait is not None and calls and rate:
                time_s, samples = found.get((calls, wait), (0.0, 0))
                found[calls, wait] = time_s + number / rate, samples + stack.count
    stacks = (
        TimedStack(calls, wait, time_s, samples)
        for (calls, wait), (time_s, samples) in found.items()
    )
    return tuple(stacks), in_flight


def _cpu_stacks(
    samples: Mapping[Stack, int], rate_hz: float, load: Load, folders: CodeFolders
) -> tuple[TimedStack, ...]:
    if not load.requests:
        return ()
    each_s = _cpu_of_sample(sum(samples.values()) / rate_hz, load) / rate_hz / load.requests
    found: Counter[tuple[Call, ...]] = Counter()
    for stack, count in samples.items():
        if calls := tuple(_calls(stack, folders)):
            found[calls] += count
    return tuple(TimedStack(calls, None, count * each_s, count) for calls, count in found.items())


def _cpu_of_sample(sampled_s: float, load: Load) -> float:
    """Return the share of the sampled time that was CPU time.

    A thread that could run and has no CPU is sampled, too. Native threads use CPU time that is in
    no sample, so the share is never above 1.
    """
    if load.cpu_s is None or not sampled_s:
        return 1.0
    return min(1.0, load.cpu_s / sampled_s)


def _calls(frames: Iterable[Frame], folders: CodeFolders) -> Iterator[Call]:
    for frame in frames:
        function = folders.function_of(frame)
        # A profiled server has our code on each stack, and no other one has.
        if function.owner is not Owner.PLUGIN:
            yield Call(function, frame.line)
