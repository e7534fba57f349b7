"""Requests and answers over the connections of one agent, as they come and go."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque

from pytest_djworkers.load.client import BadResponse, KnownHeads, make_reader
from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.poller import READ, WRITE
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.rate import FixedRate, Share
from pytest_djworkers.load.response_excerpt import KEPT_BYTES
from pytest_djworkers.load.sockets import Sockets, kind_of
from pytest_djworkers.load.tally import US_PER_NS, Tally

_RECEIVE = 65_536
_BATCHES = 16
"""How many batches one wake-up drains before the loop's timers get their turn."""
_RETRY_AFTER_S = 0.1
_SENT_AT_ONCE = 256
"""How many planned requests go out before answers get their turn."""
_clock = time.monotonic_ns


class Traffic:
    """Sends, receives and counts: a closed loop on each connection, or a fixed rate.

    All sockets sit behind one descriptor that the asyncio loop watches. A response's time is
    taken when poll returns with it, not when its turn comes. ``pool.py`` says when.
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
        self._buffer = bytearray(_RECEIVE)
        """What has just arrived on one connection: an allocation for each would cost more."""
        self._arrived = memoryview(self._buffer)
        self._running = False
        self._plan: FixedRate | None = None
        self._idle: deque[Connection] = deque()
        """At a fixed rate: who can take the next request, the longest idle first."""
        self._alarm: asyncio.TimerHandle | None = None
        self._due_ns = sys.maxsize
        """From here on, ``pool.py`` wants its turn; it has it after the batch at hand."""
        self._stop_ns = sys.maxsize
        """From here on, what arrives is none of the burst's business."""
        self._connect_max_ns = 0
        self._loop.add_reader(self._sockets.fileno(), self._ready)

    # What is ready, batch by batch.

    def _ready(self) -> None:
        for _ in range(_BATCHES):
            events = self._sockets.poll()
            now = _clock()
            if not events or now >= self._stop_ns:
                break
            self._batch(events, now)
            if now >= self._due_ns:
                break
        if self._plan is not None:
            self._send_due()

    def _batch(self, events: list[tuple[int, int]], now: int) -> None:
        """Deal with a batch. Written out at length: it is where a generator's time goes.

        An expected answer that came whole, with a head that was parsed before, is counted
        and followed by the next request right here; everything else has a method.
        """
        tally, by_fd, heads = self._tally, self._sockets.by_fd, self._heads
        add_sample, add_lag = tally.samples_us.append, tally.lags_us.append
        head, whole = heads.latest
        buffer, starts_with = self._buffer, self._buffer.startswith
        payload, size = self._payload, len(self._payload)
        waiting, clock, us_per_ns = State.WAITING, _clock, US_PER_NS
        goes_on = self._running and self._plan is None
        counts = tally.in_window(now)
        answers = 0
        for fd, mask in events:
            connection = by_fd[fd]
            if mask != READ or connection.state is not waiting:
                self._happened(connection, mask, now)
                continue
            try:
                received = connection.receive(buffer)
            except OSError as error:
                self._not_received(connection, error, now)
                continue
            if received != whole or not starts_with(head):
                data = self._arrived[:received].tobytes()
                if not heads.knows(data):
                    self._received(connection, data, now)
                    continue
                head, whole = heads.latest
            answers += 1
            handled = clock()
            if counts:
                add_sample((now - connection.began_ns) * us_per_ns)
                add_lag((handled - now) * us_per_ns)
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
            tally.batch(answers, heads.status, now)

    def _happened(self, connection: Connection, mask: int, now: int) -> None:
        """Anything but a first readable moment after a request."""
        if connection.state is State.CONNECTING:
            self._connected(connection, now)
        elif mask & ~WRITE:
            # Before any sending: the answer to a request that the server did not read
            # to its end would be lost with the connection.
            try:
                received = connection.receive(self._buffer)
            except OSError as error:
                self._not_received(connection, error, now)
            else:
                self._received(connection, self._arrived[:received].tobytes(), now)
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
            expected = self._complete(connection, now, data)
            if expected and is_whole and reader.keep_alive and not self._profile.request.contains:
                self._heads.learn(data, reader.status)
        else:
            self._fail(connection, "unasked answer", now)

    def _complete(self, connection: Connection, now: int, last: bytes = b"") -> bool:
        """Count an answer, whatever it is; whether it is an expected one. ``last`` is the part of
        it that came last."""
        reader, tally = connection.reader, self._tally
        begun_with = reader.begun_with
        status = reader.take()
        handled = _clock()
        expected = self._profile.request.expects(status)
        counts = tally.in_window(now)
        if expected and not reader.fits:
            expected = False
            tally.wrong_bodies += counts
        if not expected:
            tally.unexpected_response(status, connection.began_ns, now, handled - now)
            if counts and not tally.first_unexpected:
                tally.first_unexpected = (begun_with + last)[:KEPT_BYTES]
        else:
            tally.batch(1, status, now)
            if counts:
                tally.samples_us.append((now - connection.began_ns) * US_PER_NS)
                tally.lags_us.append((handled - now) * US_PER_NS)
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
                lag_ns = now - max(planned, connection.idle_since_ns)
                self._tally.lags_us.append(lag_ns * US_PER_NS)
            self._begin(connection, planned, now)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._idle and (next_ns := self._plan.next_ns) is not None:
            self._alarm = self._loop.call_at(next_ns / 1e9, self._send_due)

    def _send(self, connection: Connection, data: bytes | memoryview, now: int) -> None:
        if kind := self._sockets.send(connection, data):
            self._lost(connection, kind, now, unsent=len(data))

    def _not_sent(self, connection: Connection, error: OSError, now: int) -> None:
        if kind := self._sockets.not_sent(connection, self._payload, error):
            self._lost(connection, kind, now, unsent=len(self._payload))

    # What happens to connections.

    def _connect(self, connection: Connection, now: int) -> None:
        connection.reader.release()
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

    def _lost(self, connection: Connection, kind: str, now: int, *, unsent: int = 0) -> None:
        """The server ended the connection; ``unsent`` bytes of the request were left."""
        if not connection.began_ns:
            self._sockets.drop(connection)
            self._tally.closed_idle += self._running
            return
        if self._closed_idle(connection, len(self._payload) - unsent, now):
            self._tally.closed_idle += 1
            self._tally.resent += 1
            self._sockets.drop(connection)
            self._connect(connection, now)
            return
        self._fail(connection, kind, now)

    def _closed_idle(self, connection: Connection, sent: int, now: int) -> bool:
        """Whether the server closed an idle connection just as the request was on its way, so that
        it may be sent again. One that is already late is not quietly."""
        return (
            self._running
            and self._profile.request.is_safe
            and connection.has_answered
            and not connection.reader.is_partial
            and now - connection.began_ns <= self._timeout_ns
            and not (sent and self._sockets.can_have_been_read(connection, sent))
        )

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
