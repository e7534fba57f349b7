"""The connections of one agent: opened, kept busy, and given up at the end of the window."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque

from pytest_djworkers.load.client import HEAD_END, BadResponse, KnownHeads, make_reader
from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.poller import READ, WRITE
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.schedule import FixedRate, Share
from pytest_djworkers.load.sockets import Sockets, kind_of
from pytest_djworkers.load.tally import AgentReport, Enough, Tally

_RECEIVE = 65_536
_BATCHES = 16
"""How many batches one wake-up drains before the loop's timers get their turn."""
_RETRY_AFTER_S = 0.1
_FOLD_EVERY_NS = 100_000_000
_LOOK_EVERY_NS = 5_000_000
"""How often it is seen whether a window that may close early has."""
_SENT_AT_ONCE = 256
"""How many planned requests go out before answers get their turn."""
_clock = time.monotonic_ns


class Pool:
    """Fires one burst's requests over its connections: a closed loop on each, or a fixed rate.

    All sockets sit behind one descriptor that the asyncio loop watches. A response's time is
    taken when poll returns with it, not when its turn comes.
    """

    def __init__(
        self,
        profile: Profile,
        address: tuple[str, int],
        connections: int,
        share: Share = Share(),  # noqa: B008  # frozen
        *,
        host: str | None = None,
    ) -> None:
        self._profile = profile
        self._share = share
        # A view, so that what is left of a large body is not copied at each send.
        self._payload = memoryview(profile.request.encode(host or "{}:{}".format(*address)))
        self._timeout_ns = round(profile.shape.timeout_s * 1e9)
        self._connections = [Connection(make_reader(profile.request)) for _ in range(connections)]
        self._sockets = Sockets(address)
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._tally = Tally(profile)
        """Of the window that is being counted."""
        self._heads = KnownHeads()
        self._running = False
        self._plan: FixedRate | None = None
        self._idle: deque[Connection] = deque()
        """At a fixed rate: who can take the next request, the longest idle first."""
        self._alarm: asyncio.TimerHandle | None = None
        self._stop_ns = sys.maxsize
        """From here on, what arrives is none of the burst's business."""
        self._opened = 0
        self._connect_max_ns = 0
        self._cpu_s = 0.0
        self._loop.add_reader(self._sockets.fileno(), self._ready)

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
        self, start_ns: int, *, drain_s: float = 0.0, enough: Enough | None = None
    ) -> AgentReport:
        """Warm up from ``start_ns`` on, then count for the window, and report.

        With ``drain_s``, wait up to that long after the window for what is in flight, so that
        nothing is left behind in the server, and another window may follow. With ``enough``, the
        window closes when it has that, and after its duration at the latest.
        """
        self._begin_anew(enough)
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
        cpu_before_s = time.process_time()
        step_ns = _LOOK_EVERY_NS if enough else _FOLD_EVERY_NS
        while (now := _clock()) < tally.end_ns:
            await self._sleep_until(min(now + step_ns, tally.end_ns))
            tally.fold()
            self._heads.clear()
            if self._plan is not None:
                tally.look(self._pending() + self._plan.overdue(_clock()))
        self._cpu_s = time.process_time() - cpu_before_s
        self._running = False
        deadline = self._loop.time() + drain_s
        while drain_s and self._pending() and await self._change(deadline):
            pass
        return self._finish()

    def close(self) -> None:
        """Drop every connection."""
        self._running = False
        if self._alarm is not None:
            self._alarm.cancel()
        self._loop.remove_reader(self._sockets.fileno())
        for connection in self._connections:
            self._sockets.drop(connection)
        self._sockets.close()

    def _begin_anew(self, enough: Enough | None) -> None:
        """Forget the last window; a connection that it never got an answer on is given up."""
        self._tally = Tally(self._profile, enough)
        self._idle.clear()
        for connection in self._connections:
            connection.window_answers = 0
            if connection.began_ns:
                connection.began_ns = 0
                self._sockets.drop(connection)

    async def _sleep_until(self, moment_ns: int) -> None:
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
            answered=((c.is_served, c.window_answers) for c in self._connections),
        )

    # What is ready, batch by batch.

    def _ready(self) -> None:
        for _ in range(_BATCHES):
            events = self._sockets.poll()
            now = _clock()
            if not events or now >= self._stop_ns:
                break
            self._batch(events, now)
        if self._plan is not None:
            self._send_due()

    def _batch(self, events: list[tuple[int, int]], now: int) -> None:
        """Deal with a batch. Written out at length: it is where a generator's time goes.

        An expected answer that came whole, with a head that was parsed before, is counted
        and followed by the next request right here; everything else has a method.
        """
        tally, by_fd, heads = self._tally, self._sockets.by_fd, self._heads
        add_sample, add_lag, statuses = tally.samples.append, tally.lags.append, tally.statuses
        payload, size = self._payload, len(self._payload)
        waiting, clock, head_end = State.WAITING, _clock, HEAD_END
        goes_on = self._running and self._plan is None
        counts = tally.in_window(now)
        answers = 0
        for fd, mask in events:
            connection = by_fd[fd]
            if mask != READ or connection.state is not waiting:
                self._happened(connection, mask, now)
                continue
            try:
                data = connection.receive(_RECEIVE)
            except OSError as error:
                self._not_received(connection, error, now)
                continue
            known = heads.get(data[: data.find(head_end) + 4])
            if known is None or known[0] != len(data):
                self._received(connection, data, now)
                continue
            answers += 1
            handled = clock()
            if counts:
                add_sample(now - connection.began_ns)
                add_lag(handled - now)
                statuses[known[1]] += 1
                connection.window_answers += 1
            connection.has_answered = connection.is_served = True
            if not goes_on:
                self._answered(connection, handled)
                continue
            connection.began_ns = handled
            try:
                sent = connection.send(payload)
            except OSError as error:
                self._not_sent(connection, error, handled)
                continue
            if sent != size:
                self._sockets.sent(connection, payload, sent)
        if answers:
            tally.batch(answers, now)

    def _happened(self, connection: Connection, mask: int, now: int) -> None:
        """Anything but a first readable moment after a request."""
        if connection.state is State.CONNECTING:
            self._connected(connection, now)
        elif mask & ~WRITE:
            # Before any sending: the answer to a request that the server did not read
            # to its end would be lost with the connection.
            try:
                data = connection.receive(_RECEIVE)
            except OSError as error:
                self._not_received(connection, error, now)
            else:
                self._received(connection, data, now)
        else:
            self._send(connection, connection.unsent, now)

    def _not_received(self, connection: Connection, error: OSError, now: int) -> None:
        if not isinstance(error, BlockingIOError):
            self._lost(connection, kind_of(error), now)

    def _received(self, connection: Connection, data: bytes, now: int) -> None:
        reader = connection.reader
        if not data:
            if connection.began_ns and reader.close_ends_answer():
                self._complete(connection, now)
            else:
                self._lost(connection, "closed early", now)
            return
        try:
            reader.feed(data)
        except BadResponse:
            self._fail(connection, "bad response", now)
            return
        if not reader.complete:
            if not connection.began_ns:
                self._fail(connection, "unasked answer", now)
            elif connection.state is State.WAITING:
                connection.state = State.RECEIVING
        elif reader.complete == 1 and connection.began_ns and not reader.is_partial:
            is_whole = connection.state is State.WAITING
            expected = self._complete(connection, now)
            if expected and is_whole and reader.keep_alive and not self._profile.request.contains:
                self._heads.learn(data, reader.status)
        else:
            self._fail(connection, "unasked answer", now)

    def _complete(self, connection: Connection, now: int) -> bool:
        """Count an answer, whatever it is; whether it is an expected one."""
        reader, tally = connection.reader, self._tally
        status = reader.take()
        handled = _clock()
        expected = self._profile.request.expects(status)
        counts = tally.in_window(now)
        if expected and not reader.fits:
            expected = False
            tally.wrong_bodies += counts
        if not expected:
            tally.unwanted(status, connection.began_ns, now, handled - now)
        else:
            tally.batch(1, now)
            if counts:
                tally.samples.append(now - connection.began_ns)
                tally.lags.append(handled - now)
                tally.statuses[status] += 1
        connection.window_answers += counts
        connection.has_answered = connection.is_served = True
        if not reader.keep_alive or connection.unsent:
            # At once: some servers linger until the client has closed. The rest of a request
            # that is answered already is of no use to anybody.
            self._sockets.drop(connection)
        self._answered(connection, handled)
        return expected

    def _answered(self, connection: Connection, now: int) -> None:
        connection.began_ns = 0
        if connection.state is not State.DOWN:
            connection.state = State.IDLE
        self._free(connection, now)
        self._changed.set()

    # When requests begin.

    def _free(self, connection: Connection, now: int) -> None:
        """A connection has nothing to do: its next request is due at once, or when planned."""
        if not self._running:
            return
        if self._plan is None:
            self._begin(connection, now, now)
        else:
            connection.idle_since_ns = now
            self._idle.append(connection)

    def _begin(self, connection: Connection, began_ns: int, now: int) -> None:
        """Begin a request; on a new connection, its time includes the connecting."""
        connection.began_ns = began_ns
        if connection.state is State.IDLE:
            connection.state = State.WAITING
            self._send(connection, self._payload, now)
        elif connection.state is State.DOWN:
            self._tally.reconnects += self._tally.in_window(now)
            self._connect(connection, now)

    def _send_due(self) -> None:
        """At a fixed rate: send what is due to whom is idle, and set the alarm for the next."""
        if self._plan is None or not self._running:
            return
        now = _clock()
        for _ in range(_SENT_AT_ONCE):
            if not self._idle or (planned := self._plan.take(now)) is None:
                break
            connection = self._idle.popleft()
            if self._tally.in_window(now):
                self._tally.lags.append(now - max(planned, connection.idle_since_ns))
            self._begin(connection, planned, now)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._idle and (next_ns := self._plan.next_ns) is not None:
            self._alarm = self._loop.call_at(next_ns / 1e9, self._send_due)

    def _send(self, connection: Connection, data: bytes | memoryview, now: int) -> None:
        if kind := self._sockets.send(connection, data):
            self._lost(connection, kind, now)

    def _not_sent(self, connection: Connection, error: OSError, now: int) -> None:
        if kind := self._sockets.not_sent(connection, self._payload, error):
            self._lost(connection, kind, now)

    # What happens to connections.

    def _connect(self, connection: Connection, now: int) -> None:
        connection.reader = make_reader(self._profile.request)
        connection.connecting_since_ns = now
        if kind := self._sockets.connect(connection):
            self._fail(connection, kind, now)

    def _connected(self, connection: Connection, now: int) -> None:
        self._changed.set()
        if kind := self._sockets.connected(connection):
            self._fail(connection, kind, now)
            return
        self._connect_max_ns = max(self._connect_max_ns, now - connection.connecting_since_ns)
        if connection.began_ns:
            connection.state = State.WAITING
            self._send(connection, self._payload, now)
        else:
            self._free(connection, now)

    def _lost(self, connection: Connection, kind: str, now: int) -> None:
        """The server ended the connection."""
        began = connection.began_ns
        if not began:
            self._sockets.drop(connection)
            self._tally.closed_idle += self._running
            return
        closed_idle = connection.has_answered and not connection.reader.is_partial
        may_repeat = self._running and self._profile.request.is_safe
        if closed_idle and may_repeat and now - began <= self._timeout_ns:
            # It closed an idle connection just as the request was on its way. A request that
            # is already late is not quietly sent again.
            self._tally.closed_idle += 1
            self._sockets.drop(connection)
            self._connect(connection, now)
            return
        self._fail(connection, kind, now)

    def _fail(self, connection: Connection, kind: str, now: int) -> None:
        """The request failed, or the connection did something that no request asked for."""
        was_connecting = connection.state is State.CONNECTING
        began = connection.began_ns
        connection.began_ns = 0
        self._sockets.drop(connection)
        if began:
            self._tally.failure(kind, began, now)
        self._changed.set()
        if self._plan is not None:
            if began or was_connecting:
                self._free(connection, now)
        elif was_connecting and self._running:
            self._loop.call_later(_RETRY_AFTER_S, self._retry, connection)
        else:
            self._free(connection, _clock())

    def _retry(self, connection: Connection) -> None:
        if connection.state is State.DOWN:  # else another window has begun with it
            self._free(connection, _clock())
