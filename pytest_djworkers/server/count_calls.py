"""Counts the Python calls of a server's requests, and measures their memory.

The server must have been launched with one worker, and for this alone: a request that is counted
takes several times as long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from pytest_djworkers.entry.sampling import Counting, Sampling
from pytest_djworkers.load.profile import Profile, SentRequest
from pytest_djworkers.server.call_counts import CallCounts, CalledFunction, PerRequest
from pytest_djworkers.server.sample_requests import why_unsampled
from pytest_djworkers.server.sample_sender import NoSampleError, SampleSender
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.clock import CLOCK

UNSAFE_REQUESTS = 10
"""The largest number of requests that are counted if they change data."""
MOST_VARIANTS = 5
"""The largest number of a part's variants that are sent: each must be sent several times."""
WITHIN_S = 20.0
"""The time in seconds after which no more requests are sent than the least."""
_WARM_REQUESTS = 3
_LEAST_ROUNDS = 3
_MEMORY_EVERY = 5
"""The memory is measured in one request for this many whose calls are counted."""
_SLOWER = 20.0
"""The factor by which a request may take longer when it is counted."""
_SETTLED_S = 0.01
"""Under ASGI, a part of the work comes after the response. It must not be in the next request."""
_Function = tuple[str, str, int]


@dataclass(slots=True)
class _Kind:
    """A request that is sent several times, and what was counted of it."""

    request: SentRequest
    weight: float
    calls: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    functions: list[Counter[_Function]] = field(default_factory=list)

    def calls_of(self, function: _Function) -> float:
        """Return the number of calls of a function in a request."""
        return median(counted[function] for counted in self.functions)


def count_calls(server: Server, profile: Profile, requests: int) -> CallCounts:
    """Send that many of a burst's requests to a server that counts, and return the counts.

    They are sent one after the other: all parts, and the first variants of each, in turn. Raises
    NoSampleError.
    """
    assert server.counting is not None
    kinds = list(_kinds(profile))
    counting = _Requests(server, server.counting, profile.shape.timeout_s)
    try:
        for kind in kinds:
            counting.warm_up(kind)
        counting.count(kinds, requests)
    finally:
        counting.close()
    return counting.counts(kinds)


def _kinds(profile: Profile) -> Iterator[_Kind]:
    parts = profile.all_parts
    each = max(1, MOST_VARIANTS // len(parts))
    for part in parts:
        if unsampled := why_unsampled(part.requests[0]):
            raise NoSampleError(unsampled)
        variants = part.requests[:each]
        yield from (_Kind(one, part.weight / len(variants)) for one in variants)


class _Requests:
    """The requests to one server."""

    def __init__(self, server: Server, counting: Counting, timeout_s: float) -> None:
        self._counting = counting
        self._timeout_s = timeout_s
        self._sender = SampleSender(server.target)
        self._pid: int | None = None
        self._python = ""

    def warm_up(self, kind: _Kind) -> None:
        """Send a few requests that count nowhere: they fill caches."""
        for _ in range(_WARM_REQUESTS if kind.request.is_safe else 1):
            self._sender.send(kind.request, self._timeout_s)
        # The first marked request makes what counts.
        for sampling in (self._counting.calls, self._counting.memory):
            self._take(sampling, kind.request)

    def count(self, kinds: Sequence[_Kind], requests: int) -> None:
        """Send the requests that count."""
        is_safe = all(kind.request.is_safe for kind in kinds)
        rounds = (requests if is_safe else min(requests, UNSAFE_REQUESTS)) // len(kinds)
        began_s = CLOCK.monotonic()
        for number in range(max(_LEAST_ROUNDS, rounds)):
            if number >= _LEAST_ROUNDS and CLOCK.monotonic() - began_s > WITHIN_S:
                return
            for kind in kinds:
                self._count(kind)
                if number % _MEMORY_EVERY == 0:
                    self._measure_memory(kind)

    def counts(self, kinds: Sequence[_Kind]) -> CallCounts:
        """Return the counts of all requests."""
        memory = None
        if all(kind.memory for kind in kinds):
            memory = PerRequest.mean([(kind.weight, PerRequest.of(kind.memory)) for kind in kinds])
        return CallCounts(
            PerRequest.mean([(kind.weight, PerRequest.of(kind.calls)) for kind in kinds]),
            memory,
            tuple(_functions(kinds)),
            self._python,
        )

    def close(self) -> None:
        """Close the connection."""
        self._sender.close()

    def _count(self, kind: _Kind) -> None:
        found = self._take(self._counting.calls, kind.request)
        if problem := found["problem"]:
            raise NoSampleError(problem)
        self._python = found["python"]
        functions = Counter({(name, file, line): n for file, name, line, n in found["functions"]})
        kind.functions.append(functions)
        kind.calls.append(functions.total())

    def _measure_memory(self, kind: _Kind) -> None:
        found = self._take(self._counting.memory, kind.request)
        if not found["problem"]:
            kind.memory.append(found["peak"])

    def _take(self, sampling: Sampling, request: SentRequest) -> dict[str, Any]:
        CLOCK.sleep(_SETTLED_S)
        found = self._sender.take(sampling, request, _SLOWER * self._timeout_s)
        # The new one's caches are empty.
        if self._pid not in {None, found["pid"]}:
            raise NoSampleError(
                "another process took the place of the server's worker while its calls were counted"
            )
        self._pid = found["pid"]
        return found


def _functions(kinds: Sequence[_Kind]) -> Iterator[CalledFunction]:
    """Yield the functions that requests call, those that are called most often first."""
    whole = sum(kind.weight for kind in kinds)
    known = dict.fromkeys(
        function for kind in kinds for counted in kind.functions for function in counted
    )
    found = (
        (sum(kind.weight * kind.calls_of(function) for kind in kinds) / whole, function)
        for function in known
    )
    for calls, (name, file, line) in sorted(found, key=lambda one: -one[0]):
        if calls:
            yield CalledFunction(name, file, line, calls)
