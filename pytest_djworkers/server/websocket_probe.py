"""Opens a WebSocket, sends one message, and reads the next one that comes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from pytest_djworkers.load.client import BadResponse
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.route import PLAIN, Route
from pytest_djworkers.server.response import Response, parse_response, pieces
from pytest_djworkers.server.response_errors import NoResponseError, UnreadableError

if TYPE_CHECKING:
    # Only bursts with WebSockets need the package that it uses.
    from pytest_djworkers.load.websocket_reader import WebSocketReader


def round_trip(
    connection: socket.socket,
    request: SentRequest,
    host: str,
    deadline: float,
    route: Route = PLAIN,
) -> Response:
    """Send a message on a new WebSocket, and return the response to it, with status 101.

    That of a server that does not agree to a WebSocket is returned as it is. The deadline is a time
    of the monotonic clock. Raises TimeoutError if no message comes before it, NoResponseError, and
    UnreadableError.
    """
    from pytest_djworkers.load.websocket_reader import WebSocketReader, message_of

    reader = WebSocketReader(request, host, route)
    try:
        connection.sendall(reader.take_opening())
        return _response(connection, reader, message_of(request), deadline)
    except BadResponse as error:
        raise UnreadableError(f"a WebSocket that failed: {error}") from None
    finally:
        reader.release()


def _response(
    connection: socket.socket, reader: WebSocketReader, message: bytes, deadline: float
) -> Response:
    received, is_sent = b"", False
    try:
        for piece in pieces(connection, deadline):
            received += piece
            reader.feed(piece)
            connection.sendall(reader.take_due())
            if reader.refused_with:
                return _refusal(received, reader)
            if reader.is_open and not is_sent:
                is_sent = True
                reader.take()
                connection.sendall(message)
            elif reader.complete:
                return Response(fits=True, status=reader.status)
    except TimeoutError:
        awaited = "message" if is_sent else "response to the WebSocket's handshake"
        raise TimeoutError(f"no {awaited} came") from None
    if not received:
        raise NoResponseError("closed early: the server closed the connection without a response")
    reader.end()
    if reader.refused_with:
        return _refusal(received, reader)
    raise UnreadableError("a WebSocket that was closed early, without a message")


def _refusal(received: bytes, reader: WebSocketReader) -> Response:
    reader.status = reader.refused_with
    return parse_response(received, reader)
