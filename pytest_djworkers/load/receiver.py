"""The receiving half of an agent: reads responses, and counts them."""

from __future__ import annotations

import time

from pytest_djworkers.load.client import BadResponse
from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.known_heads import KnownHeads
from pytest_djworkers.load.poller import READ, WRITE
from pytest_djworkers.load.profile import Request
from pytest_djworkers.load.response_excerpt import KEPT_BYTES
from pytest_djworkers.load.sender import Sender
from pytest_djworkers.load.sockets import Sockets, kind_of
from pytest_djworkers.load.tally import US_PER_NS

_RECEIVE_BYTES = 65_536
_BATCHES = 16
"""The number of batches that one wake-up drains before the loop's timers get their turn."""
_clock = time.monotonic_ns


class Receiver:
    """Reads what arrives on an agent's connections, batch by batch.

    The time of a response is taken when the poller returns with its batch, not when its turn
    comes: with 2000 connections the last of a batch would seem to have taken a third longer. The
    difference is the agent's own lag, which is counted by itself.
    """

    def __init__(
        self, request: Request, sockets: Sockets, sender: Sender, payload: memoryview
    ) -> None:
        self._request = request
        self._sockets = sockets
        self._sender = sender
        self._payload = payload
        self._heads = KnownHeads()
        # One buffer for all connections: to allocate one for each response would cost more.
        self._buffer = bytearray(_RECEIVE_BYTES)
        self._arrived = memoryview(self._buffer)

    def forget_heads(self) -> None:
        """Forget the heads that responses need no parsing for: those with a date are soon past."""
        self._heads.clear()

    def ready(self) -> None:
        """Handle the batches that are ready; the loop calls it when one of the sockets is."""
        window = self._sender.window
        for _ in range(_BATCHES):
            events = self._sockets.poll()
            # The time of all responses of this batch, whenever their turn comes.
            now = _clock()
            if not events or now >= window.stop_ns:
                break
            self._batch(events, now)
            if window.tally.has_enough:
                self._sender.stop()
            # The window's own timer is due, such as its end: the loop must get its turn.
            if now >= window.wake_ns:
                break
        if window.plan is not None:
            self._sender.send_due()

    def _batch(self, events: list[tuple[int, int]], now: int) -> None:
        """Handle a batch. It is written out at length: this is where a generator's time goes."""
        window = self._sender.window
        # Local names, since looking up an attribute for every response would cost much of its time.
        tally, by_fd, heads = window.tally, self._sockets.by_fd, self._heads
        add_sample, add_lag = tally.samples_us.append, tally.lags_us.append
        head, whole = heads.latest
        buffer, starts_with, payload = self._buffer, self._buffer.startswith, self._payload
        size, waiting, clock = len(payload), State.WAITING, _clock
        goes_on = window.is_firing and window.plan is None
        us_per_ns, counts, responses = US_PER_NS, tally.counts(now), 0
        for fd, mask in events:
            connection = by_fd[fd]
            # An expected response in one piece, with a known head, is handled here, all else not.
            if mask != READ or connection.state is not waiting:
                self._happened(connection, mask, now)
                continue
            try:
                received = connection.receive(buffer)
            except OSError as error:
                self._not_received(connection, error, now)
                continue
            # The same head as last time, mostly. Its length and its bytes stand for the parser.
            if received != whole or not starts_with(head):
                data = self._arrived[:received].tobytes()
                if not heads.knows(data):
                    self._received(connection, data, now)
                    continue
                head, whole = heads.latest
                tally.sizes.begin_run(whole - len(head))
            responses += 1
            handled = clock()
            if counts:
                add_sample((now - connection.began_ns) * us_per_ns)
                add_lag((handled - now) * us_per_ns)
                connection.window_responses += 1
            connection.has_responded = connection.was_served = True
            if not goes_on:
                self._responded(connection, handled)
                continue
            # Not the time of the poll: the agent's lag is no part of the next latency.
            connection.began_ns = handled
            try:
                sent = connection.send(payload)
            except OSError as error:
                self._sender.not_sent(connection, error, handled)
                continue
            if sent != size:
                self._sockets.sent(connection, payload, sent)
        if responses:
            tally.expected_responses(responses, heads.status, now)

    def _happened(self, connection: Connection, mask: int, now: int) -> None:
        """Handle anything but the first readable moment after a request."""
        if connection.state is State.CONNECTING:
            self._sender.connected(connection, now)
        elif mask & ~WRITE:
            # Before any sending: the response to a request that the server did not read to its
            # end would be lost with the connection.
            try:
                received = connection.receive(self._buffer)
            except OSError as error:
                self._not_received(connection, error, now)
            else:
                self._received(connection, self._arrived[:received].tobytes(), now)
        else:
            self._sender.send(connection, connection.unsent, now)

    def _not_received(self, connection: Connection, error: OSError, now: int) -> None:
        if not isinstance(error, BlockingIOError):
            self._sender.lost(connection, kind_of(error), now)

    def _received(self, connection: Connection, data: bytes, now: int) -> None:
        """Read what has arrived; nothing is the end of the connection."""
        reader, fail = connection.reader, self._sender.fail
        # An empty read is the server's FIN. It ends a response whose head names no length.
        if not data:
            if connection.began_ns and reader.close_ends_response():
                self._complete(connection, now)
            else:
                self._sender.lost(connection, "closed early", now)
            return
        try:
            reader.feed(data)
        except BadResponse:
            fail(connection, "bad response", now)
            return
        if not reader.complete:
            if not connection.began_ns:
                fail(connection, "unrequested response", now)
            elif connection.state is State.WAITING:
                connection.state = State.RECEIVING
        elif reader.complete == 1 and connection.began_ns and not reader.is_partial:
            # Only what came in one piece, and would be expected again, is worth remembering.
            is_whole = connection.state is State.WAITING
            expected = self._complete(connection, now, data)
            if expected and is_whole and reader.keep_alive and not self._request.contains:
                self._heads.learn(data, reader.status)
        else:
            # Two responses to one request, or the beginning of a second one.
            fail(connection, "unrequested response", now)

    def _complete(self, connection: Connection, now: int, last: bytes = b"") -> bool:
        """Count a response of any kind; return True if it is an expected one.

        ``last`` is the part of it that came last.
        """
        reader, tally = connection.reader, self._sender.window.tally
        # Before take(), which forgets it.
        begun_with, size = reader.begun_with, reader.body_bytes
        status = reader.take()
        handled = _clock()
        expected = self._request.expects(status)
        counts = tally.counts(now)
        if expected and not reader.fits:
            expected = False
            tally.wrong_bodies += counts
        if not expected:
            tally.unexpected_response(status, connection.began_ns, now, handled - now)
            if counts and not tally.first_unexpected:
                tally.first_unexpected = (begun_with + last)[:KEPT_BYTES]
        else:
            tally.expected_responses(1, status, now)
            if counts:
                tally.sizes.add(size)
                tally.samples_us.append((now - connection.began_ns) * US_PER_NS)
                tally.lags_us.append((handled - now) * US_PER_NS)
        connection.window_responses += counts
        connection.has_responded = connection.was_served = True
        if not reader.keep_alive or connection.unsent:
            # At once: some servers linger until the client has closed. The rest of a request that
            # has its response already is of no use to anybody.
            self._sockets.drop(connection)
        self._responded(connection, handled)
        return expected

    def _responded(self, connection: Connection, now: int) -> None:
        """Use the connection of a request that has its response for the next."""
        connection.began_ns = 0
        if connection.state is not State.DOWN:
            connection.state = State.IDLE
        self._sender.free(connection, now)
        self._sender.changed.set()
