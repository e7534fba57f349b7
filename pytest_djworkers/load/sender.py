"""The sending half of an agent: opens connections, begins requests, and sees to what fails."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Collection
from contextlib import suppress

from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.pacer import Pacer
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.schedule import Schedule
from pytest_djworkers.load.sockets import Sockets
from pytest_djworkers.load.thinker import Thinker
from pytest_djworkers.load.window import Window

_RETRY_AFTER_S = 0.1
_clock = time.monotonic_ns


class Sender:
    """Begins requests on connections: in a closed loop each as soon as it is free, or its think
    time is over; at a fixed rate those that the pacer chooses.

    Whatever happens to a connection ends here, so that each request is counted once. Times are
    nanoseconds of the monotonic clock.
    """

    def __init__(self, profile: Profile, sockets: Sockets, schedule: Schedule) -> None:
        self._schedule = schedule
        self._timeout_ns = round(profile.shape.timeout_s * 1e9)
        self._retry_after_s = _RETRY_AFTER_S - (profile.shape.think_s or 0.0)
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        # Connections are opened before the first window, and events need one to look at.
        self.window = Window.before_any(profile)
        schedule.count_in(self.window.tally)
        self.changed = asyncio.Event()
        """Set whenever something has happened to a connection."""
        self.connect_max_ns = 0
        self.in_use = profile.shape.first_connections or sys.maxsize
        """The connections with a number below it are used; the others end when they are free."""
        self._retiring: set[Connection] = set()
        """Those that end when they have the response to their request in flight."""
        self._pacer = Pacer(self.window, self._begin)
        self.send_due = self._pacer.send_due
        self._thinker: Thinker | None = None
        if profile.shape.think_s:
            self._thinker = Thinker(round(profile.shape.think_s * 1e9), self.window, self._begin)
            self.send_due = self._thinker.send_due

    def start(self, window: Window) -> None:
        """Begin and count requests for this window from now on."""
        self.window = window
        self._schedule.count_in(window.tally)
        self._pacer.start(window)
        if self._thinker is not None:
            self._thinker.start(window)

    def stop(self) -> None:
        """Begin no more requests."""
        self.window.is_firing = False
        self._pacer.stop()
        if self._thinker is not None:
            self._thinker.stop()

    def end(self, now: int) -> None:
        """Count the time that connections have waited, and have them wait no longer."""
        if self._thinker is not None:
            self._thinker.end(now)

    # When requests begin.

    def free(self, connection: Connection, now: int, *, thinks: float = 1.0) -> None:
        """Use a connection that has nothing to do: its next request is due at once, or planned.

        With a think time, it is due after the share ``thinks`` of that.
        """
        window, thinker = self.window, self._thinker
        if not window.is_firing:
            return
        if connection.number >= self.in_use:
            self._end(connection)
        elif window.plan is not None:
            self._pacer.add(connection, now)
        elif thinker is not None:
            thinker.add(connection, now, round(thinker.think_ns * thinks))
        else:
            self._begin(connection, now, now)

    def _begin(self, connection: Connection, began_ns: int, now: int) -> None:
        """Begin a request; on a new connection, its time includes the connecting."""
        connection.began_ns = began_ns
        connection.is_asked = True
        self._schedule.assign(connection)
        # One that is still connecting sends the request when it is open: see ``connected``.
        if connection.state is State.IDLE:
            connection.state = State.WAITING
            self.send(connection, connection.payload, now)
        elif connection.state is State.DOWN:
            tally = self.window.tally
            # A connection that was never open, such as one of a later stage, is a first one.
            tally.reconnects += connection.was_open and tally.counts(now)
            self.connect(connection, now)

    def retire(self, connections: Collection[Connection], now: int) -> None:
        """Close all of these connections, and no others, as soon as they have no request."""
        self._retiring = {one for one in connections if one.began_ns}
        self._go_on()
        idle = {one for one in connections if not one.began_ns}
        if self._thinker is not None:
            self._thinker.discard(idle, now)
        for connection in idle:
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        self._sockets.drop(connection)
        self._retiring.discard(connection)
        self._go_on()

    def _go_on(self) -> None:
        """Have connections go on at once, unless one of them is to end, or they wait anyway."""
        waits = self.window.plan is not None or self._thinker is not None
        self.window.goes_on = not (waits or self._retiring)

    def send(self, connection: Connection, data: bytes | memoryview, now: int) -> None:
        """Send what the socket takes of a request, or of the rest of one."""
        if kind := self._sockets.send(connection, data):
            self.lost(connection, kind, now, unsent=len(data))

    def not_sent(self, connection: Connection, error: OSError, now: int) -> None:
        """See to a request of which the socket took nothing."""
        if kind := self._sockets.not_sent(connection, connection.payload, error):
            self.lost(connection, kind, now, unsent=len(connection.payload))

    # What happens to connections.

    def connect(self, connection: Connection, now: int) -> None:
        """Begin to connect, with a reader that knows nothing of an earlier connection."""
        connection.reader.release()
        connection.reader = connection.part.make_reader(connection.number)
        connection.connecting_since_ns = now
        connection.first_byte_ns = connection.answered_ns = 0
        if kind := self._sockets.connect(connection):
            self.fail(connection, kind, now)

    def connected(self, connection: Connection, now: int) -> None:
        """See how connecting ended, and send the request that waits for it, if any."""
        if kind := self._sockets.connected(connection):
            self.fail(connection, kind, now)
            return
        # Over TLS, it goes on.
        if connection.state is State.CONNECTING:
            return
        if not connection.reader.is_open:
            # A WebSocket is connected when the server has agreed to it.
            connection.state = State.CONNECTING
            with suppress(OSError):
                connection.send(connection.reader.take_opening())
            return
        self.ready(connection, now)

    def ready(self, connection: Connection, now: int) -> None:
        """Use a connection that has just been opened."""
        connection.state = State.IDLE
        self.changed.set()
        connection.was_open = True
        self.connect_max_ns = max(self.connect_max_ns, now - connection.connecting_since_ns)
        if connection.began_ns:
            connection.state = State.WAITING
            self.send(connection, connection.payload, now)
        else:
            self.free(connection, now)

    def lost(self, connection: Connection, kind: str, now: int, *, unsent: int = 0) -> None:
        """See to a connection that the server ended, ``unsent`` bytes before the request's end."""
        tally = self.window.tally
        # Between two requests a server may close: no error, and no reason to connect before the
        # next request is due.
        if not connection.began_ns:
            self._sockets.drop(connection)
            tally.closed_idle += self.window.is_firing
            return
        if self._was_idle(connection, len(connection.payload) - unsent, now):
            tally.closed_idle += 1
            tally.resent += 1
            # began_ns stays: the latency counts from the first try.
            self._sockets.drop(connection)
            self.connect(connection, now)
            return
        self.fail(connection, kind, now)

    def _was_idle(self, connection: Connection, sent: int, now: int) -> bool:
        """Return True if the server closed an idle connection while the request was on its way.

        Then the request may be sent again, as browsers and proxies do (RFC 9112, section 9.3.1).
        One that is older than the timeout is not: it has failed already. Nor is one whose response
        nobody would read.
        """
        return (
            now < self.window.stop_ns
            and connection.part.request.is_safe
            and connection.has_responded
            and not connection.reader.is_partial
            and now - connection.began_ns <= self._timeout_ns
            and not (sent and self._sockets.can_have_been_read(connection, sent))
        )

    def fail(self, connection: Connection, kind: str, now: int) -> None:
        """Count the failure of a request, if there was one, and give the connection up."""
        # Both are needed below, and drop() changes the state.
        was_connecting = connection.state is State.CONNECTING
        began = connection.began_ns
        connection.began_ns = 0
        self._sockets.drop(connection)
        if began:
            self.window.tally.failure(connection.part.tally, kind, began, now)
        self.changed.set()
        window = self.window
        if not (window.goes_on or began or was_connecting):
            # One that ended without a request stands in the pacer's or the thinker's queue already.
            return
        if was_connecting and self._retry_after_s > 0 and window.plan is None and window.is_firing:
            # Refused connections fail at once: tried again without a pause, they would be counted
            # by the thousand, and take the CPU time that the others need.
            self._loop.call_later(self._retry_after_s, self._retry, connection)
        else:
            self.free(connection, now if window.plan is not None else _clock())

    def _retry(self, connection: Connection) -> None:
        # Meanwhile another window may have begun, and use it.
        if connection.state is State.DOWN:
            self.free(connection, _clock())
