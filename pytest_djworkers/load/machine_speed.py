"""The speed of the machine's CPUs while a window is open, measured with a small piece of work.

On a shared machine it changes by a fifth from one window to the next, and the speed of any server
changes with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean

_EVERY_S = 0.005
_STEPS = 1000
"""The steps of a piece of work. It took 80 to 110 us on a slow machine: 2 % of a CPU."""


class MachineSpeed:
    """Does pieces of work in an agent while a window is open, and measures their CPU time."""

    def __init__(self) -> None:
        self._speeds: list[float] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Measure within this context."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    @property
    def mean(self) -> float | None:
        """The mean speed, in pieces of work per CPU second; None if nothing was measured."""
        # Speeds are averaged, since a server's responses are: a piece during which the agent was
        # interrupted took long, and that counts for little here.
        return fmean(self._speeds) if self._speeds else None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            self._speeds.append(_speed())


def _speed() -> float:
    """Return the number of pieces of work that a CPU second would be enough for."""
    began_ns = time.thread_time_ns()
    total = 0
    for number in range(_STEPS):
        total += number * number % 7
    # A coarse clock may not have moved.
    return 1e9 / max(1, time.thread_time_ns() - began_ns)
