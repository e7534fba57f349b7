"""Sends one request, and reads its response in full, as the built-in generator does.

The reader is the generator's own, so that a response is bad here if and only if it is in a burst.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from httptools import HttpResponseParser

from pytest_djworkers.load.client import LONGEST_HEAD, BadResponse, ResponseReader
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.readers import make_reader
from pytest_djworkers.load.route import PLAIN, Route
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.server.response_errors import NoResponseError, UnreadableError
from pytest_djworkers.system.clock import CLOCK

_PIECE = 65_536
_KEPT = 2 * LONGEST_HEAD
"""The number of bytes that are kept: a head, and the beginning of the body for an error message."""
_SHOWN = 60
"""The number of bytes of something else than a response that are shown."""
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""The first bytes of an alert and of a handshake, each with the version (RFC 8446, section 5.1)."""
_HTTP2_SETTINGS = b"\x00\x00"
"""The first bytes of the frame that a server begins with: its length, which is under 256."""


@dataclass(slots=True)
class Response:
    """A response: its status line, its headers, and the beginning of its body."""

    fits: bool
    """True if the body contains what the request says it must."""
    status: int = 0
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """The names and values as they were sent, in this order."""
    body: bytes = b""
    """The body as it was sent, 64 KiB of it at least if it is that long."""
    interim: list[int] = field(default_factory=list)
    """The statuses of interim responses that came before it, such as 103 (early hints)."""
    keep_alive: bool = False
    """True if the connection can be used for another request."""

    @property
    def location(self) -> str:
        """The value of its Location header; empty without one."""
        return self._header("location")

    @property
    def content_type(self) -> str:
        """The value of its Content-Type header; empty without one."""
        return self._header("content-type")

    def _header(self, name: str) -> str:
        """Return the last value of the header with this name in lower case; empty without one."""
        values = [value for sent, value in self.headers if sent.lower() == name]
        return values[-1] if values else ""


def fetch(
    connection: socket.socket,
    request: SentRequest,
    host: str,
    deadline: float,
    route: Route = PLAIN,
) -> Response:
    """Send a request on an idle connection, and read the whole response, or a stream's first event.

    The deadline is a time of the monotonic clock. Raises TimeoutError if the response does not end
    before it, NoResponseError, and UnreadableError.
    """
    connection.settimeout(_left_s(deadline))
    # A server that refuses the request may respond, and close before it has read all of it.
    with suppress(ConnectionError, ssl.SSLEOFError):
        connection.sendall(request.encode(host, route))
    reader = make_reader(request, host, route)
    try:
        return parse_response(_read(connection, reader, deadline), reader)
    except TimeoutError:
        if request.stream_s and reader.status:
            raise TimeoutError("no event came") from None
        raise
    finally:
        reader.release()


def _read(connection: socket.socket, reader: ResponseReader, deadline: float) -> bytes:
    """Read a whole response, or a stream until its first event, and return its first bytes."""
    received, size = b"", 0
    for piece in pieces(connection, deadline):
        size += len(piece)
        if len(received) < _KEPT:
            received += piece[:_KEPT]
        try:
            reader.feed(piece)
        except BadResponse as error:
            raise UnreadableError(_describe_bad(received, error)) from None
        if reader.complete or reader.is_answered:
            return received
    if not size:
        raise NoResponseError("closed early: the server closed the connection without a response")
    if reader.close_ends_response():
        return received
    raise UnreadableError(
        "a response that is cut off (closed early): the server closed the connection after"
        f" {size:,} bytes of it"
    )


def pieces(connection: socket.socket, deadline: float) -> Iterator[bytes]:
    """Yield bytes as they arrive, until the server closes the connection or resets it.

    Raises TimeoutError after the deadline, and UnreadableError if TLS fails.
    """
    while True:
        connection.settimeout(_left_s(deadline))
        try:
            piece = connection.recv(_PIECE)
        except (ConnectionError, ssl.SSLEOFError):
            return
        except ssl.SSLError as error:
            # In TLS 1.3 a server refuses a client without a certificate only after the handshake.
            raise UnreadableError(f"an error of TLS ({error.reason})") from None
        if not piece:
            return
        yield piece


def _left_s(deadline: float) -> float:
    left = deadline - CLOCK.monotonic()
    if left <= 0:
        raise TimeoutError("the response does not end")
    return left


def _describe_bad(received: bytes, error: BadResponse) -> str:
    """Describe what came instead of a response."""
    # An error that a callback of ours raised is the context of the one that httptools raises.
    said = str((error.__cause__ and error.__cause__.__context__) or error)
    if not received.startswith(b"HTTP/"):
        said = "it does not begin with HTTP/"
    elif "bytes" in said:
        return f"a bad response: {said}"
    hint = ""
    if received.startswith(_TLS_RECORDS):
        hint = " This is TLS: its URL begins with https."
    elif received.startswith(_HTTP2_SETTINGS):
        hint = " This seems to be HTTP/2: load is fired in HTTP/1.1."
    shown = in_one_line(received[:_SHOWN].decode("latin-1"))
    return f"a bad response ({said}): {shown}{hint}"


def parse_response(received: bytes, reader: ResponseReader) -> Response:
    """Parse a response that the reader has accepted; the reader itself keeps none of it."""
    contents = _Contents(Response(fits=reader.fits))
    contents.parser = parser = HttpResponseParser(contents)
    # The beginning of a response may end anywhere. It has been read in full before, so this parse
    # is for what people are shown only.
    with suppress(Exception):
        parser.feed_data(received)
    # Parser and callbacks refer to each other, which keeps both until garbage is collected.
    del contents.parser
    contents.response.status = reader.status
    contents.response.keep_alive = bool(reader.complete and reader.keep_alive)
    return contents.response


class _Contents:
    """The callbacks of httptools, which fill a response."""

    parser: HttpResponseParser

    def __init__(self, response: Response) -> None:
        self.response = response

    def on_message_begin(self) -> None:
        # An interim response may have been before.
        self.response.reason = ""
        self.response.headers.clear()

    def on_status(self, reason: bytes) -> None:
        self.response.reason += reason.decode(errors="replace")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.response.headers.append((name.decode("latin-1"), value.decode(errors="replace")))

    def on_headers_complete(self) -> None:
        if (status := self.parser.get_status_code()) < 200:
            self.response.interim.append(status)

    def on_body(self, data: bytes) -> None:
        self.response.body += data
