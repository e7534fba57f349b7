"""Pacing at a fixed rate: idle connections take the planned requests, one after the other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from pytest_djworkers.load.connection import Connection
from pytest_djworkers.load.part_tally import US_PER_NS
from pytest_djworkers.load.window import Window

_SENT_AT_ONCE = 256
"""The number of planned requests that are sent before responses get their turn."""
_clock = time.monotonic_ns


class Pacer:
    """Gives each planned request to the connection that has been idle for longest.

    The latency of a request counts from its planned time, not from when it was sent. So a stall of
    the server is in the latency of every request that was due in it, also of those that had to
    wait for a free connection.
    """

    def __init__(self, window: Window, begin: Callable[[Connection, int, int], None]) -> None:
        self._window = window
        self._begin = begin
        """Begins a request on a connection, planned at a time, at the present time."""
        self._loop = asyncio.get_running_loop()
        self._idle: deque[Connection] = deque()
        self._alarm: asyncio.TimerHandle | None = None

    def start(self, window: Window) -> None:
        """Pace this window from now on; its connections come anew."""
        self._window = window
        self._idle.clear()

    def add(self, connection: Connection, now: int) -> None:
        """Take a connection that can be used for the next request."""
        connection.idle_since_ns = now
        self._idle.append(connection)

    def send_due(self) -> None:
        """Begin the requests whose time has come, and set the alarm for the next."""
        window = self._window
        if window.plan is None or not window.is_firing:
            return
        now = _clock()
        # Bounded: far behind its rate, it would read no response before all were sent.
        for _ in range(_SENT_AT_ONCE):
            if not self._idle or (planned := window.plan.take(now)) is None:
                break
            connection = self._idle.popleft()
            if window.tally.counts(now):
                # The agent's own part of the delay: while no connection was idle, the server's
                # responses were missing.
                lag_ns = now - max(planned, connection.idle_since_ns)
                window.tally.lags_us.append(lag_ns * US_PER_NS)
            self._begin(connection, planned, now)
        self.stop()
        # Without an idle connection no alarm is needed: the next response ends in a call of this.
        if self._idle and (next_ns := window.plan.next_ns) is not None:
            self._alarm = self._loop.call_at(next_ns / 1e9, self.send_due)

    def stop(self) -> None:
        """Cancel the alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
