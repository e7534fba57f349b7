"""The HTTP/1.1 client protocol on one connection, without any I/O.

httptools (llhttp) does the parsing. What it leaves to its user is here: responses to HEAD,
100-continue, responses that end with the connection, and heads that never end.
"""

from __future__ import annotations

from httptools import HttpParserError, HttpResponseParser

from pytest_djworkers.load.response_head import ResponseHead

LONGEST_HEAD = 65_536
"""The number of bytes after which a head that has not ended is no response."""


class BadResponse(Exception):
    """The bytes received are no HTTP/1.1 response."""

    kind = "bad response"
    """The kind of error that it counts as."""


class ResponseReader:
    """Reads the responses that arrive on one connection.

    After ``feed``, ``complete`` is the number of final responses that ended within the bytes, and
    ``status``, ``keep_alive`` and ``body_bytes`` are those of the last one. ``is_partial`` is True
    if another one, or an interim one before it, has begun. ``take`` forgets the complete ones.
    """

    __slots__ = (
        "_before_body",
        "_parser",
        "body_bytes",
        "complete",
        "is_partial",
        "keep_alive",
        "status",
    )

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.complete = 0
        self.status = 0
        self.keep_alive = False
        self.is_partial = False
        self.body_bytes = 0
        self._before_body = b""

    @property
    def begun_with(self) -> bytes:
        """The bytes that were read of an incomplete response, 64 KiB at most."""
        return self._before_body

    @property
    def is_open(self) -> bool:
        """True if requests can be sent as soon as the connection stands; here, they can."""
        return True

    @property
    def is_opening(self) -> bool:
        """True while the server has to agree to what was asked for at first; here, never."""
        return False

    def take_opening(self) -> bytes:
        """Return the bytes that are to be sent before any request; here, none."""
        return b""

    @property
    def is_answered(self) -> bool:
        """True if as much of the response has come as a probe waits for; here, all of it."""
        return self.complete > 0

    @property
    def fits(self) -> bool:
        """True if the last response's body is as it should be; here, any body is."""
        return True

    def feed(self, data: bytes) -> None:
        """Read some bytes. Raises BadResponse if they can't be a response."""
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise BadResponse(str(error)) from error
        if not self.complete and len(self._before_body) <= LONGEST_HEAD:
            # For close_ends_response, which looks at the head again, in whatever pieces it came.
            self._before_body += data[:LONGEST_HEAD]
            if (
                len(self._before_body) > LONGEST_HEAD
                and not ResponseHead.read(self._before_body).ended
            ):
                raise BadResponse(f"a head of more than {LONGEST_HEAD} bytes")

    def release(self) -> None:
        """Read no more."""
        # The parser refers back to this object, and an agent collects no cycles.
        del self._parser

    def take(self) -> int:
        """Return the status of the complete response, and be ready for the next."""
        # is_partial stays: the beginning of another response may have come with this one.
        self.complete = 0
        self._before_body = b""
        return self.status

    def close_ends_response(self) -> bool:
        """Return True if the end of the connection is the end of a response.

        So it is if the head doesn't say where the body ends (RFC 9112, section 6.3); ``status`` is
        that response's then. False means that the response was cut off.
        """
        head = ResponseHead.read(self._before_body)
        if not head.ended or head.is_framed:
            return False
        self.status = self._parser.get_status_code()
        self.keep_alive = False
        self.is_partial = False
        return True

    def on_message_begin(self) -> None:
        """Called by httptools at a response's first byte."""
        self.is_partial = True
        self.body_bytes = 0

    def on_body(self, data: bytes) -> None:
        """Called by httptools for each piece of a body, without the framing of chunks."""
        self.body_bytes += len(data)

    def on_message_complete(self) -> None:
        """Called by httptools; an interim response (100-continue) is not a final one."""
        status = self._parser.get_status_code()
        if status >= 200:
            self.complete += 1
            self.is_partial = False
            self.status = status
            self.keep_alive = self._parser.should_keep_alive()
        elif status < 100 or status == 101:
            # No request of ours asks to switch protocols.
            raise BadResponse(f"status {status}")


class HeadResponseReader(ResponseReader):
    """Reads responses to HEAD, which end with their head whatever it says about a body."""

    __slots__ = ("_closes",)

    def feed(self, data: bytes) -> None:
        """Read some bytes. Raises BadResponse if they can't be a response."""
        super().feed(data)
        if self.complete:
            # The old parser still waits for the body that the head announces.
            self._parser = HttpResponseParser(self)

    def on_message_begin(self) -> None:
        """Called by httptools at a response's first byte."""
        super().on_message_begin()
        self._closes = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by httptools for each header."""
        if name.lower() == b"connection" and b"close" in value.lower():
            self._closes = True

    def on_headers_complete(self) -> None:
        """Called by httptools at the end of each head."""
        super().on_message_complete()
        # Without a length, the parser takes the end of the connection for the end of the body, and
        # so for closed. But a response to HEAD has no body.
        if not self._closes and self._parser.get_http_version() == "1.1":
            self.keep_alive = True

    def on_body(self, _data: bytes) -> None:
        """Called by httptools: bytes after the head are a response to no request."""
        self.complete += 1

    def on_message_complete(self) -> None:
        """Called by httptools if the head says that there is no body; it is counted already."""


class CheckingResponseReader(ResponseReader):
    """Reads responses, and looks for bytes in the last one's body."""

    __slots__ = ("_body", "_contains")

    def __init__(self, contains: bytes) -> None:
        super().__init__()
        self._contains = contains
        self._body: list[bytes] = []

    @property
    def fits(self) -> bool:
        """True if the last response's body, as sent, contains the bytes."""
        return self._contains in b"".join(self._body)

    def on_message_begin(self) -> None:
        """Called by httptools at a response's first byte."""
        super().on_message_begin()
        self._body.clear()

    def on_body(self, data: bytes) -> None:
        """Called by httptools for each piece of the body."""
        super().on_body(data)
        self._body.append(data)
