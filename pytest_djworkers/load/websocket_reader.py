"""The WebSocket protocol on one connection, without any I/O; the package websockets does it."""

from __future__ import annotations

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from pytest_djworkers.load.client import BadResponse, ResponseReader
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.route import Route

_NO_CODE = 1005
"""The code of a close that has none (RFC 6455, section 7.4.1)."""
SWITCHED = 101
"""The status with which a server agrees to a WebSocket, and which its messages count as."""


class ServerClosed(BadResponse):
    """The server has closed the WebSocket."""

    def __init__(self, code: int, reason: str) -> None:
        self.kind = "closed" if code == _NO_CODE else f"closed with {code}"
        super().__init__(f"{self.kind}{f' ({reason})' if reason else ''}")


def message_of(request: SentRequest) -> bytes:
    """Return the bytes of the message that a request sends."""
    opcode = Opcode.TEXT if request.websocket == "text" else Opcode.BINARY
    return Frame(opcode, request.body).serialize(mask=True)


class WebSocketReader(ResponseReader):
    """Reads the handshake and then the messages of one connection.

    A message that the request's ``contains`` is not in is passed over, as is one that comes while
    none is awaited: a room tells everybody what others have said. ``refused_with`` is the status of
    a server that does not agree to a WebSocket.
    """

    __slots__ = ("_contains", "_message", "_opening", "_protocol", "refused_with")

    def __init__(self, request: SentRequest, host: str, route: Route) -> None:
        super().__init__()
        self._contains = request.contains
        self._message = b""
        self.refused_with = 0
        self.status = SWITCHED
        self.keep_alive = True
        # No compression: the messages of a load test compress too well.
        self._protocol = ClientProtocol(parse_uri(f"ws://localhost{request.path}"))
        opening = self._protocol.connect()
        for name, value in request.handshake_lines(host, route):
            if name in opening.headers:
                del opening.headers[name]
            opening.headers[name] = value
        self._protocol.send_request(opening)
        self._opening = b"".join(self._protocol.data_to_send())

    @property
    def is_open(self) -> bool:
        """True once the server has agreed."""
        return self._protocol.state is not State.CONNECTING

    @property
    def is_opening(self) -> bool:
        """True once the handshake has begun."""
        return not self._opening

    def take_opening(self) -> bytes:
        """Return the bytes that begin the handshake."""
        opening, self._opening = self._opening, b""
        return opening

    def take_due(self) -> bytes:
        """Return the bytes that the protocol has to send now, such as the response to a ping."""
        return b"".join(self._protocol.data_to_send())

    def feed(self, data: bytes) -> None:
        """Read some bytes. Raises BadResponse if the WebSocket is of no more use."""
        protocol = self._protocol
        protocol.receive_data(data)
        self._read_events()
        if protocol.close_rcvd is not None:
            raise ServerClosed(protocol.close_rcvd.code, protocol.close_rcvd.reason)
        if protocol.parser_exc is not None:
            raise BadResponse(str(protocol.parser_exc))

    def end(self) -> None:
        """Read the end of the connection, which may be that of a refusal. Raises BadResponse."""
        self._protocol.receive_eof()
        self._read_events()

    def _read_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._read_frame(event)
        error = self._protocol.handshake_exc
        if isinstance(error, InvalidStatus):
            self.refused_with = error.response.status_code
        elif error is not None:
            raise BadResponse(str(error))

    def release(self) -> None:
        """Read no more."""
        super().release()
        # The protocol's parser refers back to it, and an agent collects no cycles.
        self._protocol.parser.close()
        del self._protocol

    def take(self) -> int:
        """Return the status that messages count as, and be ready for the next one."""
        self.complete = 0
        return SWITCHED

    def close_ends_response(self) -> bool:
        """Return False: the end of the connection is the end of no message."""
        return False

    def _read_frame(self, frame: Frame) -> None:
        if frame.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            return
        self._message += frame.data
        if not frame.fin:
            self.is_partial = True
            return
        message, self._message, self.is_partial = self._message, b"", False
        if self._contains in message:
            self.complete = 1
            self.body_bytes = len(message)
