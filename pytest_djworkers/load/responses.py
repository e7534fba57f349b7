"""Reads the responses that are not the common case, and counts them by class."""

from __future__ import annotations

import time

from pytest_djworkers.load.client import BadResponse
from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.part_tally import US_PER_NS
from pytest_djworkers.load.poller import WRITE
from pytest_djworkers.load.response_excerpt import KEPT_BYTES
from pytest_djworkers.load.sender import Sender
from pytest_djworkers.load.sockets import Sockets, kind_of
from pytest_djworkers.load.streams import Streams
from pytest_djworkers.load.websockets import WebSockets

_RECEIVE_BYTES = 65_536
_clock = time.monotonic_ns


class Responses:
    """Handles what happens on connections, in whatever order and in whatever pieces it comes."""

    def __init__(self, sockets: Sockets, sender: Sender) -> None:
        self._sockets = sockets
        self._sender = sender
        # One buffer for all connections: to allocate one for each response would cost more.
        self.buffer = bytearray(_RECEIVE_BYTES)
        self.arrived = memoryview(self.buffer)
        self.websockets = WebSockets(sender, self._complete)
        self.streams = Streams(sockets, sender, self.responded)

    def happened(self, connection: Connection, mask: int, now: int) -> None:
        """Handle anything but the first readable moment after a request."""
        if connection.state is State.CONNECTING and not connection.reader.is_opening:
            self._sender.connected(connection, now)
        elif mask & ~WRITE:
            # Before any sending: the response to a request that the server did not read to its
            # end would be lost with the connection.
            try:
                received = connection.receive(self.buffer)
            except OSError as error:
                self.not_received(connection, error, now)
            else:
                self.received(connection, self.arrived[:received].tobytes(), now)
        else:
            self._sender.send(connection, connection.unsent, now)

    def not_received(self, connection: Connection, error: OSError, now: int) -> None:
        """See to a receive that failed."""
        if isinstance(error, BlockingIOError):
            return
        is_opening = connection.state is State.CONNECTING
        see_to = self._sender.fail if is_opening else self._sender.lost
        see_to(connection, kind_of(error), now)

    def received(self, connection: Connection, data: bytes, now: int) -> None:
        """Read what has arrived; nothing is the end of the connection."""
        reader, fail = connection.reader, self._sender.fail
        if connection.state is State.CONNECTING:
            self.websockets.opening(connection, data, now)
            return
        if data and connection.part.request.websocket:
            self.websockets.received(connection, data, now)
            return
        # An empty read is the server's FIN. It ends a response whose head names no length.
        if not data:
            if connection.began_ns and reader.close_ends_response():
                self._complete(connection, now)
            else:
                self._sender.lost(connection, "closed early", now)
            return
        try:
            reader.feed(data)
        except BadResponse as error:
            fail(connection, error.kind, now)
            return
        is_stream = connection.part.request.stream_s > 0
        if is_stream and connection.began_ns:
            self.streams.fed(connection, now)
        if not reader.complete:
            if not connection.began_ns:
                fail(connection, "unrequested response", now)
                return
            if not connection.first_byte_ns:
                connection.first_byte_ns = now
            if connection.state is State.WAITING:
                connection.state = State.RECEIVING
        elif reader.complete == 1 and connection.began_ns and not reader.is_partial:
            # Only what came in one piece, and would be expected again, is worth remembering.
            is_whole, part = connection.state is State.WAITING, connection.part
            expected = self._complete(connection, now, data)
            is_known = expected and is_whole and reader.keep_alive and not is_stream
            if is_known and not part.request.contains:
                part.heads.learn(data, reader.status)
        else:
            # Two responses to one request, or the beginning of a second one.
            fail(connection, "unrequested response", now)

    def _complete(self, connection: Connection, now: int, last: bytes = b"") -> bool:
        """Count a response of any kind; return True if it is an expected one.

        ``last`` is the part of it that came last.
        """
        reader, tally, part = connection.reader, self._sender.window.tally, connection.part
        if part.request.stream_s and self.streams.ended(connection, now):
            return True
        # Before take(), which forgets it.
        begun_with, size = reader.begun_with, reader.body_bytes
        status = reader.take()
        handled = _clock()
        expected = part.request.expects(status)
        counts, counted = tally.counts(now), part.tally
        if expected and not reader.fits:
            expected = False
            counted.wrong_bodies += counts
        if not expected:
            tally.unexpected_response(counted, status, connection.began_ns, now, handled - now)
            if counts and not counted.first_unexpected:
                counted.first_unexpected = (begun_with + last)[:KEPT_BYTES]
        else:
            tally.expected_responses(counted, 1, status, now)
            if counts:
                counted.sizes.add(size)
                latency_us = (now - connection.began_ns) * US_PER_NS
                counted.samples_us.append(latency_us)
                if first_ns := connection.first_byte_ns:
                    first_us = (first_ns - connection.began_ns) * US_PER_NS
                    counted.pieces.add(first_us, latency_us)
                tally.lags_us.append((handled - now) * US_PER_NS)
        connection.window_responses += counts
        connection.has_responded = connection.was_served = True
        connection.first_byte_ns = connection.answered_ns = 0
        if not reader.keep_alive or connection.unsent:
            # At once: some servers linger until the client has closed. The rest of a request that
            # has its response already is of no use to anybody.
            self._sockets.drop(connection)
        self.responded(connection, handled)
        return expected

    def responded(self, connection: Connection, now: int) -> None:
        """Use the connection of a request that has its response for the next one."""
        connection.began_ns = 0
        if connection.state is not State.DOWN:
            connection.state = State.IDLE
        self._sender.free(connection, now)
        self._sender.changed.set()
