"""Takes an agent's burst from stage to stage, and counts each."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import accumulate, pairwise

from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.sender import Sender
from pytest_djworkers.load.window import Window


class Staging:
    """The stages of one window. Without stages, it does nothing.

    The counts go on from stage to stage, so that the hot path knows nothing of them. At the end of
    each stage they are noted, and the difference to the last note is the stage's own. No response
    that comes later is read before that: until then, ``stop_ns`` of the window is the stage's end.
    """

    def __init__(
        self, shape: Shape, window: Window, connections: Sequence[Connection], sender: Sender
    ) -> None:
        self._stages = shape.stages
        self._window = window
        self._connections = connections
        self._sender = sender
        begin_ns = window.tally.begin_ns
        ends_s = accumulate(stage.duration_s for stage in self._stages[:-1])
        self._ends_ns = [begin_ns + round(end_s * 1e9) for end_s in ends_s]
        self._after_ns = window.stop_ns
        """The time at which the window stops by itself."""
        self._noted: list[PartReport] = []
        """The counts at the end of each stage so far."""
        self._wait_for_end()

    @property
    def next_ns(self) -> int:
        """The end of the present stage, unless it is the last one."""
        at = len(self._noted)
        return self._ends_ns[at] if at < len(self._ends_ns) else sys.maxsize

    def advance(self, now: int) -> None:
        """End each stage whose time is over, and apply the load of the one that begins."""
        if not self.next_ns <= now < self._window.tally.end_ns:
            return
        while now >= self.next_ns:
            self._noted.append(self._window.tally.whole())
        self._wait_for_end()
        connections = self._stages[len(self._noted)].connections
        if connections is not None:
            self._use(connections, now)

    def reports(self) -> list[PartReport]:
        """Return the counts of each stage, once nothing is counted any more."""
        if not self._stages:
            return []
        # An agent that was stopped at the end has not seen every stage end.
        missing = len(self._stages) - len(self._noted)
        counts = [*self._noted, *[self._window.tally.whole()] * missing]
        return [counts[0], *(b.since(a) for a, b in pairwise(counts))]

    def _wait_for_end(self) -> None:
        self._window.stop_ns = min(self.next_ns, self._after_ns)

    def _use(self, connections: int, now: int) -> None:
        """Use this number of all agents' connections: those with the lowest numbers."""
        before, self._sender.in_use = self._sender.in_use, connections
        self._sender.retire([one for one in self._connections if one.number >= connections], now)
        for one in self._connections:
            # One that was to be closed, and still has a request in flight, just goes on.
            is_free = not one.began_ns and one.state is not State.CONNECTING
            if before <= one.number < connections and is_free:
                place = (one.number - before) / (connections - before)
                self._sender.free(one, now, thinks=place)
