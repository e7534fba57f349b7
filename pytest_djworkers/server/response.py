"""One request sent, and its response read in full, as a connection of the built-in generator does.

The reader is the burst's own, so that what is a bad response to one is a bad response to the other.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from httptools import HttpResponseParser

from pytest_djworkers.load.client import LONGEST_HEAD, BadResponse, ResponseReader, make_reader
from pytest_djworkers.load.profile import Request
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.system.clock import CLOCK

_PIECE = 65_536
_KEPT = 2 * LONGEST_HEAD
"""As much of a response as people are ever shown something of."""
_SHOWN = 60
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
_HTTP2_SETTINGS = b"\x00\x00"


class UnreadableError(Exception):
    """What came is no response, or not a whole one; the message says what it is."""


class NoResponseError(Exception):
    """The server closed the connection without a byte of a response."""


@dataclass(slots=True)
class Response:
    """A response: its status line, where it leads, and the beginning of its body."""

    fits: bool
    """Whether the body has in it what it should."""
    status: int = 0
    reason: str = ""
    location: str = ""
    body: bytes = b""
    interim: list[int] = field(default_factory=list)
    """The statuses of what came before it, such as 103 (early hints)."""


def fetch(connection: socket.socket, request: Request, host: str, deadline: float) -> Response:
    """Send a request on a new connection, and read the whole response.

    Raises TimeoutError when the response has no end before the monotonic deadline,
    NoResponseError, and UnreadableError.
    """
    connection.settimeout(_left(deadline))
    with suppress(ConnectionError):  # it may have said why before it closed
        connection.sendall(request.encode(host))
    reader = make_reader(request)
    try:
        return _told(_read(connection, reader, deadline), reader)
    finally:
        reader.release()


def _read(connection: socket.socket, reader: ResponseReader, deadline: float) -> bytes:
    """The response's bytes, or the first of them where it is long."""
    received, size = b"", 0
    for piece in _pieces(connection, deadline):
        size += len(piece)
        if len(received) < _KEPT:
            received += piece[:_KEPT]
        try:
            reader.feed(piece)
        except BadResponse as error:
            raise UnreadableError(_bad(received, error)) from None
        if reader.complete:
            return received
    if not size:
        raise NoResponseError("closed early: the server closed the connection without a response")
    if reader.close_ends_response():
        return received
    raise UnreadableError(
        "a response that is cut off (closed early): the server closed the connection after"
        f" {size:,} bytes of it"
    )


def _pieces(connection: socket.socket, deadline: float) -> Iterator[bytes]:
    """What arrives, until the server closes the connection, or resets it."""
    while True:
        connection.settimeout(_left(deadline))
        try:
            piece = connection.recv(_PIECE)
        except ConnectionError:
            return
        if not piece:
            return
        yield piece


def _left(deadline: float) -> float:
    left = deadline - CLOCK.monotonic()
    if left <= 0:
        raise TimeoutError("the response does not end")
    return left


def _bad(received: bytes, error: BadResponse) -> str:
    """What came instead of a response."""
    said = str((error.__cause__ and error.__cause__.__context__) or error)
    if not received.startswith(b"HTTP/"):
        said = "it does not begin with HTTP/"
    elif "bytes" in said:
        return f"a bad response: {said}"
    hint = ""
    if received.startswith(_TLS_RECORDS):
        hint = " This is TLS: load is fired in plain HTTP, at the port behind it."
    elif received.startswith(_HTTP2_SETTINGS):
        hint = " This seems to be HTTP/2: load is fired in HTTP/1.1."
    shown = in_one_line(received[:_SHOWN].decode("latin-1"))
    return f"a bad response ({said}): {shown}{hint}"


def _told(received: bytes, reader: ResponseReader) -> Response:
    """What a response says, read again: the reader itself keeps none of it."""
    contents = _Contents(Response(fits=reader.fits))
    contents.parser = parser = HttpResponseParser(contents)
    with suppress(Exception):  # it has been read once: here only what people are shown is at stake
        parser.feed_data(received)
    del contents.parser
    contents.response.status = reader.status
    return contents.response


class _Contents:
    """Called by httptools: fills a response."""

    parser: HttpResponseParser

    def __init__(self, response: Response) -> None:
        self.response = response

    def on_message_begin(self) -> None:
        self.response.reason = self.response.location = ""

    def on_status(self, reason: bytes) -> None:
        self.response.reason += reason.decode(errors="replace")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"location":
            self.response.location = value.decode(errors="replace")

    def on_headers_complete(self) -> None:
        if (status := self.parser.get_status_code()) < 200:
            self.response.interim.append(status)

    def on_body(self, data: bytes) -> None:
        self.response.body += data
