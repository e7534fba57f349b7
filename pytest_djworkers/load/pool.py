"""The connections of one agent: opened, kept busy for a window, and given up at the end."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.connection import Connection, State, unasked
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.machine_speed import MachineSpeed
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.receiver import Receiver
from pytest_djworkers.load.route import PLAIN, Route
from pytest_djworkers.load.schedule import Schedule
from pytest_djworkers.load.sender import Sender
from pytest_djworkers.load.so_far import SoFar
from pytest_djworkers.load.sockets import Sockets
from pytest_djworkers.load.staging import Staging
from pytest_djworkers.load.stopped_time import StoppedTime
from pytest_djworkers.load.window import Window
from pytest_djworkers.system.scheduling import scheduled_ns

_FOLD_EVERY_NS = 100_000_000
_FOLD_EVERY_NS_IF_EARLY = 5_000_000
"""The same in a window that may close early, since the fold sees whether it has."""
_TELL_EVERY_NS = 1_000_000_000
_BEAT_NS = 20_000_000
"""The time between two timers that show whether the agent was stopped."""
_APART_S = 0.05
"""The longest time between two connections that are opened under load."""
_OPENED_WITHIN_S = 3.0
"""The longest time in which all of them are opened, however many they are."""
_TRY_AGAIN_AFTER_S = 0.01
"""The time after which connecting to a full backlog is tried again."""
_STALLED_AFTER_S = 2.0
"""The time without another open connection after which no more are waited for, over TLS."""
_clock = time.monotonic_ns


@dataclass(frozen=True, slots=True)
class _OwnTime:
    """The agent's own time in a window."""

    cpu_s: float
    stopped_s: float


class Pool:
    """Fires one window, or several one after the other, on the same connections.

    All sockets sit behind one descriptor that the asyncio loop watches.
    """

    def __init__(
        self,
        profile: Profile,
        address: tuple[str, int],
        connections: int,
        share: Share = Share(),  # noqa: B008  # frozen
        *,
        host: str | None = None,
        route: Route = PLAIN,
    ) -> None:
        self._profile = profile
        self._share = share
        self._schedule = Schedule(profile, share, host or "{}:{}".format(*address), route)
        # The numbers of the agents' connections interleave, so that none is left out.
        self._connections = [
            Connection(share.index + index * share.of, self._schedule.first)
            for index in range(connections)
        ]
        self._sockets = Sockets(address, route)
        # The system turns a client of a Unix socket away; one of TCP waits.
        self._backlog_can_be_full = bool(route.unix_socket)
        self._stalled_after_s = math.inf if route.trust is None else _STALLED_AFTER_S
        self._sender = Sender(profile, self._sockets, self._schedule)
        self._receiver = Receiver(self._schedule, self._sockets, self._sender)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sockets.fileno(), self._receiver.ready)
        self._opened = 0

    async def open(self, within_s: float, *, at_once: int = sys.maxsize) -> int:
        """Open the connections that are down, and return the number of open ones.

        At most ``at_once`` connect at a time, so that a short backlog does not overflow. Those
        that fail or are not open within ``within_s`` seconds are tried again in the window.
        """
        # A server that handles one connection at a time, such as gunicorn's sync worker, does no
        # other handshake until that one has had its request.
        deadline = self._loop.time() + within_s
        in_use = self._sender.in_use
        waiting = deque(
            one for one in self._connections if one.state is State.DOWN and one.number < in_use
        )
        while True:
            connecting = sum(c.state is State.CONNECTING for c in self._connections)
            is_full = False
            while waiting and connecting < at_once and not is_full:
                self._sender.connect(connection := waiting.popleft(), _clock())
                connecting += connection.state is State.CONNECTING
                is_full = self._backlog_can_be_full and connection.state is State.DOWN
            if is_full and self._loop.time() < deadline:
                waiting.appendleft(connection)
                # Nobody tells when there is room again.
                await asyncio.sleep(_TRY_AGAIN_AFTER_S)
                continue
            stalled_at = self._loop.time() + self._stalled_after_s
            if not connecting or not await self._change(min(deadline, stalled_at)):
                break
        self._opened = sum(c.state is State.IDLE for c in self._connections)
        return self._opened

    async def open_under_load(self, drain_s: float) -> int:
        """Open the connections one after the other under load, and return the number of open ones.

        A worker that is busy leaves the next connection to one that is not. Opened at once, they
        may all go to the worker that is awake first, and the others idle. After it, what is in
        flight is waited for, up to ``drain_s`` seconds.
        """
        window = Window.starting(self._profile, self._share, _clock(), drains=True)
        self._begin_anew(window)
        window.is_firing = True
        apart_s = min(_APART_S, _OPENED_WITHIN_S / len(self._connections))
        for connection in self._connections:
            self._sender.free(connection, _clock())
            deadline = self._loop.time() + apart_s
            while not connection.window_responses and await self._change(deadline):
                pass
        self._sender.stop()
        await self._drain(drain_s)
        self._give_up_late(window, _clock())
        self._opened = sum(c.state is State.IDLE for c in self._connections)
        return self._opened

    async def fire(
        self,
        start_ns: int,
        *,
        drain_s: float = 0.0,
        early_close: EarlyClose | None = None,
        tell: Callable[[SoFar], None] | None = None,
    ) -> AgentReport:
        """Warm up from ``start_ns`` on, count for a window, and return its report.

        With ``drain_s``, every request that is sent in the window counts, whenever it ends. There
        is no warm-up: the window opens with the first request, at ``start_ns`` or later. After it,
        what is in flight is waited for, up to this many seconds, which must not be fewer than the
        timeout. What has no response by then is a timeout, and its connection is dropped. So
        another window may follow. With ``early_close``, the window closes for sending when it has
        that, and after its duration at the latest. ``tell`` is called once a second with the
        figures so far.
        """
        if drain_s:
            start_ns = max(start_ns, _clock())
        window = Window.starting(
            self._profile, self._share, start_ns, drains=bool(drain_s), early_close=early_close
        )
        self._begin_anew(window)
        staging = Staging(self._profile.shape, window, self._connections, self._sender)
        await window.sleep_until(start_ns)
        self._start_firing(window)
        if early_close is not None and early_close.one_wave:
            window.is_firing = False
        begin_ns = window.tally.begin_ns
        await window.sleep_until(begin_ns)
        # What is in flight now and ends in the window is the window's, but its connection worked
        # on it before as well. Which of them end in it is known afterwards.
        ages_ns = [
            (connection, begin_ns - connection.began_ns)
            for connection in self._connections
            if 0 < connection.began_ns < begin_ns
        ]
        # The window that may close early is folded more often, so that it ends soon after it has.
        step_ns = _FOLD_EVERY_NS_IF_EARLY if early_close else _FOLD_EVERY_NS
        machine = MachineSpeed()
        # A burst has no other to be compared with, and its agents have enough to do.
        with machine.watched() if drain_s else nullcontext():
            own = await self._count(window, staging, step_ns, tell)
        self._sender.stop()
        window.tally.take_off(age for connection, age in ages_ns if connection.window_responses)
        if drain_s:
            await self._drain(drain_s)
        report = self._report(
            window, own, machine.mean, until_ns=_clock() if drain_s else window.tally.end_ns
        )
        return replace(report, stages=staging.reports())

    def close(self) -> None:
        """Drop every connection."""
        self._sender.stop()
        self._loop.remove_reader(self._sockets.fileno())
        for connection in self._connections:
            self._sockets.drop(connection)
        self._sockets.close()

    def _begin_anew(self, window: Window) -> None:
        """Forget the last window."""
        self._sender.start(window)
        # The lengths of the bodies that come with a known head are counted by window.
        self._receiver.forget_heads()
        for connection in self._connections:
            connection.window_responses = 0

    def _start_firing(self, window: Window) -> None:
        window.is_firing = True
        now, shape = _clock(), self._profile.shape
        total = shape.first_connections or shape.connections
        for connection in self._connections:
            # Those that still connect come to the queue of the pacer, or of the thinker, when they
            # are open.
            is_queued = connection.state is State.CONNECTING and not window.goes_on
            if not is_queued:
                # Spread over the first think time, or they would all send in one wave for ever.
                self._sender.free(connection, now, thinks=connection.number / total)
        self._sender.send_due()

    async def _count(
        self,
        window: Window,
        staging: Staging,
        step_ns: int,
        tell: Callable[[SoFar], None] | None,
    ) -> _OwnTime:
        """Fold the tally in steps while the window is open; return the agent's time meanwhile."""
        tally = window.tally
        began_cpu_ns = time.process_time_ns()
        stopped = StoppedTime(_scheduled_ns())
        # Two clocks in one loop: the beat, which shows stops, and the slower fold.
        fold_ns = tally.begin_ns + step_ns
        tell_ns = tally.begin_ns + _TELL_EVERY_NS
        # The end is read each time, since a window that may close early moves it.
        while (now := _clock()) < tally.end_ns:
            due_ns = min(now + _BEAT_NS, fold_ns, staging.next_ns, tally.end_ns)
            await window.sleep_until(due_ns)
            now = _clock()
            stopped.woke(min(now, tally.end_ns) - due_ns, _scheduled_ns())
            staging.advance(now)
            if now < min(fold_ns, tally.end_ns):
                continue
            fold_ns = now + step_ns
            tally.fold()
            self._receiver.forget_heads()
            if window.plan is not None:
                tally.note_outstanding(self._in_flight() + window.plan.overdue(_clock()))
            if tell is not None and tell_ns <= now < tally.end_ns:
                tell_ns += _TELL_EVERY_NS
                tell(tally.so_far(now))
        cpu_ns = time.process_time_ns() - began_cpu_ns
        return _OwnTime(cpu_s=cpu_ns / 1e9, stopped_s=stopped.total_ns / 1e9)

    async def _change(self, deadline: float) -> bool:
        """Wait until something has happened to a connection; return False at the deadline."""
        self._sender.changed.clear()
        try:
            async with asyncio.timeout_at(deadline):
                await self._sender.changed.wait()
        except TimeoutError:
            return False
        return True

    async def _drain(self, within_s: float) -> None:
        """Wait until nothing is in flight, up to this many seconds."""
        deadline = self._loop.time() + within_s
        while self._in_flight() and await self._change(deadline):
            pass

    def _in_flight(self) -> int:
        return sum(bool(one.began_ns and not one.answered_ns) for one in self._connections)

    def _give_up_late(self, window: Window, until_ns: int) -> None:
        """Count whatever has begun and not ended, so that no request is left out."""
        for connection in self._connections:
            if connection.began_ns:
                # A stream that is answered and still open is no request without a response.
                if not self._receiver.streams.left_open(connection, until_ns):
                    window.tally.leave(
                        connection.part.tally,
                        connection.began_ns,
                        until_ns,
                        first_byte_ns=connection.first_byte_ns,
                    )
                # Its response might still come, and would be taken for that of the next request.
                connection.began_ns = 0
                self._sockets.drop(connection)

    def _report(
        self, window: Window, own: _OwnTime, machine_speed: float | None, until_ns: int
    ) -> AgentReport:
        tally = window.tally
        self._sender.end(until_ns)
        shape = self._profile.shape
        waits = bool(shape.think_s or shape.stages)
        not_asked = unasked(self._connections, shape.timeout_s, until_ns) if waits else 0
        self._give_up_late(window, until_ns)
        # Planned requests that no connection was free for are as unanswered as those in flight.
        for planned_ns in window.plan.left() if window.plan else ():
            tally.leave(self._schedule.next_part().tally, planned_ns, until_ns)
        return tally.report(
            # Those of later stages are opened in the window.
            opened=sum(c.was_open for c in self._connections) if shape.stages else self._opened,
            connect_max_ns=self._sender.connect_max_ns,
            began_at=time.time() - (_clock() - tally.begin_ns) / 1e9,
            cpu_s=own.cpu_s,
            stopped_s=own.stopped_s,
            machine_speed=machine_speed,
            connections=[(c.was_served, c.window_responses) for c in self._connections],
            not_asked=not_asked,
        )


def _scheduled_ns() -> int:
    """Return the time for which this thread has run or waited for a CPU.

    Where the system doesn't tell that, it is the CPU time alone.
    """
    found = scheduled_ns()
    return time.process_time_ns() if found is None else found
