"""The thing that limits a server under load, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from pytest_djworkers.profiling.launch_stacks import LaunchStacks, Load
from pytest_djworkers.profiling.waits import QUEUES, Wait
from pytest_djworkers.units import counted

BUSY = 0.5
"""The share of the CPU time that a server's workers can have from which on it computes."""
_FULL = 0.85
"""The share of the CPU time from which on nothing else can be the limit."""
_MOST = 0.5
"""The share of a request's time for which it must wait for a thing to be limited by it."""
_QUEUED = 0.75
"""The share of the connections that a server must have in flight, or the others queue before it."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The means of a server."""

    connections: int
    """The number of connections that send requests."""
    workers: int
    cpus: float
    """The number of CPUs that the server may use."""

    @property
    def cores(self) -> float:
        """The number of CPUs that its workers can keep busy: one each, by the GIL."""
        return min(self.workers, self.cpus)


def cpu_share(launches: Iterable[LaunchStacks], capacity: Capacity) -> float | None:
    """Return the share of the CPU time that a server's workers can have which they used; None if
    it isn't known."""
    # While CPU time is sampled, there are fewer connections.
    found = (_share(one.waiting_load, capacity) for one in launches)
    shares = [share for share in found if share is not None]
    return fmean(shares) if shares else None


def computes(launches: Sequence[LaunchStacks], capacity: Capacity) -> bool:
    """Return True if a server computes more than it waits, or if neither is known."""
    share = cpu_share(launches, capacity)
    if share is None or share >= BUSY:
        return True
    # On a busy machine, a server gets less than the CPUs, and its requests wait for them.
    loads = [(one, one.waiting_load) for one in launches if one.waiting_load is not None]
    cpu_s = [load.cpu_s / load.requests for _, load in loads if load.cpu_s and load.requests]
    return not cpu_s or fmean(_own_waiting_s(one) for one, _ in loads) <= fmean(cpu_s)


def _own_waiting_s(launch: LaunchStacks) -> float:
    """Return the time for which a request waits, but not for others."""
    return sum(one.time_s for one in launch.waiting if one.wait not in QUEUES)


def bottleneck(launches: Sequence[LaunchStacks], capacity: Capacity) -> str:
    """Return the thing that limits a server, in words; empty if it isn't known.

    A server without work left to do is limited by nothing but the load.
    """
    share = cpu_share(launches, capacity)
    if share is None:
        return ""
    if share >= _FULL:
        return _computing(share, capacity)
    flights = [one.in_flight for one in launches if one.in_flight is not None]
    in_flight = fmean(flights) if flights else 0.0
    waits = {
        wait: number
        for wait, number in _waits(launches).items()
        # Whoever waits for others that compute waits for a CPU.
        if share < BUSY or wait not in QUEUES
    }
    main = max(waits, key=lambda one: waits[one], default=None)
    waits_mostly = in_flight > 0 and sum(waits.values()) >= _MOST * in_flight
    if main is Wait.POOL and waits_mostly:
        return (
            f"the pool of connections: requests waited for one for {_part(waits[main], in_flight)}"
        )
    if in_flight and in_flight < _QUEUED * capacity.connections and waits_mostly:
        assert main is not None
        return (
            f"the server's threads: {in_flight:.0f} of {capacity.connections} requests were served"
            f" at a time, and waited for {main} for {_part(waits[main], in_flight)}"
        )
    if waits_mostly and main is not None:
        return f"the wait for {main}: {_part(waits[main], in_flight)}"
    return _computing(share, capacity) if share >= BUSY else ""


def _computing(share: float, capacity: Capacity) -> str:
    if capacity.workers < capacity.cpus:
        return (
            f"one CPU for each worker (its GIL): {counted(capacity.workers, 'worker')} used"
            f" {share:.0%} of that, and there are {capacity.cpus:g} CPUs"
        )
    return f"the CPUs: the workers used {share:.0%} of {capacity.cores:g}"


def _part(number: float, in_flight: float) -> str:
    return f"{min(1.0, number / in_flight):.0%} of their time"


def _share(load: Load | None, capacity: Capacity) -> float | None:
    if load is None or load.cpu_s is None or not load.window_s:
        return None
    return load.cpu_s / load.window_s / capacity.cores


def _waits(launches: Iterable[LaunchStacks]) -> Mapping[Wait, float]:
    """Return the mean number of requests that wait for each thing."""
    found: dict[Wait, float] = defaultdict(float)
    listed = [one for one in launches if one.waiting_load is not None]
    for one in listed:
        assert one.waiting_load is not None
        rate = one.waiting_load.requests / one.waiting_load.window_s
        for stack in one.waiting:
            assert stack.wait is not None
            found[stack.wait] += stack.time_s * rate / len(listed)
    return found
