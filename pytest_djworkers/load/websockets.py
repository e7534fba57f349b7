"""WebSockets on an agent's connections: the handshake of each, and what comes after it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from pytest_djworkers.load.client import BadResponse
from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.response_excerpt import KEPT_BYTES
from pytest_djworkers.load.sender import Sender

if TYPE_CHECKING:
    # Agents without WebSockets don't need the package that it uses.
    from pytest_djworkers.load.websocket_reader import WebSocketReader


class WebSockets:
    """Handles what the server sends on connections that are WebSockets, or become one.

    A request is a message, and its response is the next one that comes.
    """

    def __init__(self, sender: Sender, complete: Callable[[Connection, int, bytes], bool]) -> None:
        self._sender = sender
        self._complete = complete
        """Counts a response, of which the last bytes are these, and uses the connection."""

    def opening(self, connection: Connection, data: bytes, now: int) -> None:
        """Go on with the handshake."""
        reader = _reader_of(connection)
        try:
            if data:
                reader.feed(data)
            else:
                # It ends a response whose head names no length, such as a refusal.
                reader.end()
        except BadResponse as error:
            # The end before the whole of a response is no response at all.
            self._sender.fail(connection, error.kind if data else "closed early", now)
            return
        if reader.refused_with:
            self._refused(connection, reader.refused_with, data, now)
        elif reader.is_open:
            # What came with it is the response to nothing.
            reader.take()
            self._sender.ready(connection, now)

    def received(self, connection: Connection, data: bytes, now: int) -> None:
        """Read what has arrived on an open WebSocket."""
        reader = _reader_of(connection)
        try:
            reader.feed(data)
        except BadResponse as error:
            self._sender.lost(connection, error.kind, now)
            return
        if (due := reader.take_due()) and connection.state is not State.SENDING:
            # The response to a ping is a few bytes, and a server that gets none pings again.
            with suppress(OSError):
                connection.send(due)
        if not connection.began_ns:
            reader.take()
        elif reader.complete:
            part, size = connection.part, reader.body_bytes
            is_whole = connection.state is State.WAITING and not (due or reader.is_partial)
            self._complete(connection, now, data)
            if is_whole and data[1:2] and len(data) == _frame_size(data):
                # The same frame again is the same message, and needs no reading.
                part.heads.learn_whole(data, reader.status)
                part.tally.sizes.begin_run(size)
        elif connection.state is State.WAITING:
            connection.state = State.RECEIVING

    def _refused(self, connection: Connection, status: int, data: bytes, now: int) -> None:
        """Count the response of a server that does not agree to a WebSocket."""
        tally, counted = self._sender.window.tally, connection.part.tally
        began_ns, connection.began_ns = connection.began_ns, 0
        if began_ns:
            tally.unexpected_response(counted, status, began_ns, now, 0)
            counts = tally.counts(now)
            if counts and not counted.first_unexpected:
                counted.first_unexpected = data[:KEPT_BYTES]
            connection.window_responses += counts
            connection.was_served = True
        # Without a request it counts nothing, and it tries again after a while.
        self._sender.fail(connection, "refused", now)


def _frame_size(data: bytes) -> int:
    """Return the size of the frame at the beginning of the data; -1 if it is not a whole message.

    RFC 6455, section 5.2: a server's frames have no mask.
    """
    final_data, length = data[0], data[1]
    if final_data not in {0x81, 0x82}:
        return -1
    if length < 126:
        return 2 + length
    size = 2 if length == 126 else 8
    return 2 + size + int.from_bytes(data[2 : 2 + size], "big")


def _reader_of(connection: Connection) -> WebSocketReader:
    return cast("WebSocketReader", connection.reader)
