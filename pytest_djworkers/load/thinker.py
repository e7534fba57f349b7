"""Think time: each connection waits between a response and its next request."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Collection
from itertools import count

from pytest_djworkers.load.connection import Connection
from pytest_djworkers.load.part_tally import US_PER_NS
from pytest_djworkers.load.window import Window

_SENT_AT_ONCE = 256
"""The number of requests that are sent before responses get their turn."""
_clock = time.monotonic_ns


class Thinker:
    """Has connections wait, and begins the request of each when its think time is over.

    All of them share one alarm, for the one that is next. A request begins when it is sent, so that
    neither the think time nor the agent's own lag is in its latency.
    """

    def __init__(
        self, think_ns: int, window: Window, begin: Callable[[Connection, int, int], None]
    ) -> None:
        self.think_ns = think_ns
        self._window = window
        self._begin = begin
        """Begins a request on a connection, at a time, at the present time."""
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[int, int, int, Connection]] = []
        """A heap: the time at which the connection is due, a number that keeps those of one time in
        order, and the time since which it waits."""
        self._numbers = count()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_ns = 0

    def start(self, window: Window) -> None:
        """Wait in this window from now on; its connections come anew."""
        self._window = window
        self._waiting.clear()

    def add(self, connection: Connection, now: int, for_ns: int) -> None:
        """Have a connection wait for this time before its next request begins."""
        heapq.heappush(self._waiting, (now + for_ns, next(self._numbers), now, connection))
        self._set_alarm()

    def send_due(self) -> None:
        """Begin the requests whose time has come, and set the alarm for the next."""
        window, waiting = self._window, self._waiting
        if not window.is_firing:
            return
        now = _clock()
        # Bounded: far behind, it would read no response before all were sent.
        for _ in range(_SENT_AT_ONCE):
            if not waiting or waiting[0][0] > now:
                break
            due, _, since, connection = heapq.heappop(waiting)
            window.tally.thought(since, due)
            if window.tally.counts(now):
                window.tally.lags_us.append((now - due) * US_PER_NS)
            self._begin(connection, now, now)
        self._set_alarm()

    def discard(self, connections: Collection[Connection], now: int) -> None:
        """Count the time that these connections have waited until now; they wait no longer."""
        for one in self._waiting:
            if one[3] in connections:
                self._window.tally.thought(one[2], now)
        self._waiting = [one for one in self._waiting if one[3] not in connections]
        heapq.heapify(self._waiting)
        self._set_alarm()

    def end(self, now: int) -> None:
        """Count the time that connections have waited until now; they wait no longer."""
        self.stop()
        for _, _, since, _ in self._waiting:
            self._window.tally.thought(since, now)
        self._waiting.clear()

    def stop(self) -> None:
        """Cancel the alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _set_alarm(self) -> None:
        """Have ``send_due`` called when the next connection is due."""
        due = self._waiting[0][0] if self._waiting else 0
        # Most of those that begin to wait are due last, and the alarm stays.
        if self._alarm is not None and due == self._alarm_ns:
            return
        self.stop()
        if due:
            self._alarm_ns = due
            self._alarm = self._loop.call_at(due / 1e9, self._wake)

    def _wake(self) -> None:
        self._alarm = None
        self.send_due()
