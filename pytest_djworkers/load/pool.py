"""The connections of one agent: opened, kept busy, and given up at the end of the window."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.connection import State
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.rate import FixedRate
from pytest_djworkers.load.stopped_time import StoppedTime
from pytest_djworkers.load.tally import Tally
from pytest_djworkers.load.traffic import Traffic
from pytest_djworkers.system.scheduling import scheduled_ns

_FOLD_EVERY_NS = 100_000_000
_LOOK_EVERY_NS = 5_000_000
"""How often it is seen whether a window that may close early has."""
_BEAT_NS = 20_000_000
"""How often it is seen whether the agent was stopped."""
_clock = time.monotonic_ns


class Pool(Traffic):
    """Fires one burst's requests, or those of one window after the other."""

    _opened = 0
    _cpu_s = 0.0
    _stopped_s = 0.0

    async def open(self, within_s: float, *, at_once: int = sys.maxsize) -> int:
        """Open all that are down; how many are open. Those that fail are tried again later.

        ``at_once`` is how many may be connecting, so that a short backlog does not overflow.
        """
        deadline = self._loop.time() + within_s
        waiting = deque(c for c in self._connections if c.state is State.DOWN)
        while True:
            connecting = sum(c.state is State.CONNECTING for c in self._connections)
            while waiting and connecting < at_once:
                self._connect(connection := waiting.popleft(), _clock())
                connecting += connection.state is State.CONNECTING
            if not connecting or not await self._change(deadline):
                break
        self._opened = sum(c.state is State.IDLE for c in self._connections)
        return self._opened

    async def fire(
        self, start_ns: int, *, drain_s: float = 0.0, early_close: EarlyClose | None = None
    ) -> AgentReport:
        """Warm up from ``start_ns`` on, then count for the window, and report.

        With ``drain_s``, wait up to that long after the window for what is in flight, so that
        nothing is left behind in the server, and another window may follow. With
        ``early_close``, the window closes when it has that, and after its duration at the latest.
        """
        self._begin_anew(early_close)
        tally, shape = self._tally, self._profile.shape
        tally.open_window(start_ns + round(shape.warmup_s * 1e9))
        if not drain_s:
            self._stop_ns = tally.end_ns
        if shape.rate is not None:
            self._plan = FixedRate(shape.rate, self._share, start_ns, tally.end_ns)
        await self._sleep_until(start_ns)
        self._running = True
        now = _clock()
        for connection in self._connections:
            if connection.state is not State.CONNECTING or self._plan is None:
                self._free(connection, now)
        self._send_due()
        await self._sleep_until(tally.begin_ns)
        ages_ns = [
            (connection, tally.begin_ns - connection.began_ns)
            for connection in self._connections
            if 0 < connection.began_ns < tally.begin_ns
        ]
        await self._count(_LOOK_EVERY_NS if early_close else _FOLD_EVERY_NS)
        self._running = False
        tally.began_before(age_ns for connection, age_ns in ages_ns if connection.window_answers)
        deadline = self._loop.time() + drain_s
        while drain_s and self._pending() and await self._change(deadline):
            pass
        return self._finish()

    async def _count(self, step_ns: int) -> None:
        """See to the tally in steps while the window is open, and whether anything stops us."""
        tally = self._tally
        began_cpu_ns = time.process_time_ns()
        stops = StoppedTime(_scheduled_ns())
        fold_ns = tally.begin_ns + step_ns
        while (now := _clock()) < tally.end_ns:
            due_ns = min(now + _BEAT_NS, fold_ns, tally.end_ns)
            await self._sleep_until(due_ns)
            now = _clock()
            stops.woke(min(now, tally.end_ns) - due_ns, _scheduled_ns())
            if now < min(fold_ns, tally.end_ns):
                continue
            fold_ns = now + step_ns
            tally.fold()
            self._heads.clear()
            if self._plan is not None:
                tally.look(self._pending() + self._plan.overdue(_clock()))
        self._cpu_s = (time.process_time_ns() - began_cpu_ns) / 1e9
        self._stopped_s = stops.total_ns / 1e9

    def close(self) -> None:
        """Drop every connection."""
        self._running = False
        if self._alarm is not None:
            self._alarm.cancel()
        self._loop.remove_reader(self._sockets.fileno())
        for connection in self._connections:
            self._sockets.drop(connection)
        self._sockets.close()

    def _begin_anew(self, early_close: EarlyClose | None) -> None:
        """Forget the last window; a connection that it never got an answer on is given up."""
        self._tally = Tally(self._profile, early_close)
        self._idle.clear()
        for connection in self._connections:
            connection.window_answers = 0
            if connection.began_ns:
                connection.began_ns = 0
                self._sockets.drop(connection)

    async def _sleep_until(self, moment_ns: int) -> None:
        self._due_ns = moment_ns
        while (left := moment_ns - _clock()) > 0:
            await asyncio.sleep(left / 1e9)

    async def _change(self, deadline: float) -> bool:
        """Wait until something has happened to a connection; False at the deadline."""
        self._changed.clear()
        try:
            async with asyncio.timeout_at(deadline):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _pending(self) -> int:
        return sum(bool(connection.began_ns) for connection in self._connections)

    def _finish(self) -> AgentReport:
        for connection in self._connections:
            if connection.began_ns:
                self._tally.leave(connection.began_ns)
        for planned_ns in self._plan.left() if self._plan else ():
            self._tally.leave(planned_ns)
        return self._tally.report(
            opened=self._opened,
            connect_max_ns=self._connect_max_ns,
            began_at=time.time() - (_clock() - self._tally.begin_ns) / 1e9,
            cpu_s=self._cpu_s,
            stopped_s=self._stopped_s,
            answered=((c.is_served, c.window_answers) for c in self._connections),
        )


def _scheduled_ns() -> int:
    """For how long this thread has run, or waited for a CPU where the system tells that."""
    found = scheduled_ns()
    return time.process_time_ns() if found is None else found
