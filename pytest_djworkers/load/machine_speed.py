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
"""The steps of a piece of work: 50 to 100 us, so that measuring takes 1 to 2 % of a CPU."""


class MachineSpeed:
    """Does pieces of work in the agent's loop, with pauses, and measures the CPU time of each."""

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

    def take(self) -> float | None:
        """Return the mean speed, in pieces of work per CPU second, and forget what was measured.

        None if nothing was.
        """
        speeds, self._speeds = self._speeds, []
        # Speeds are averaged, since a server's responses are: a piece during which the agent was
        # interrupted took long, and that counts for little here.
        return fmean(speeds) if speeds else None

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
