"""The HTTP/1.1 client protocol on one connection, without any I/O.

httptools (llhttp) does the parsing. What it leaves to its user is here: answers to HEAD,
100-continue, answers that end with the connection, and heads that never end.
"""

from __future__ import annotations

from httptools import HttpParserError, HttpResponseParser

from pytest_djworkers.load.profile import Request
from pytest_djworkers.load.response_head import ResponseHead

LONGEST_HEAD = 65_536


class BadResponse(Exception):
    """The bytes received are no HTTP/1.1 response."""


class ResponseReader:
    """Reads the answers that arrive on one connection.

    ``feed`` bytes to it; ``complete`` counts the final answers that ended within them, and
    ``status`` and ``keep_alive`` are the last one's. ``is_partial`` says whether another one,
    or an interim one before it, has begun. ``take`` forgets what is complete.
    """

    __slots__ = ("_before_body", "_parser", "complete", "is_partial", "keep_alive", "status")

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.complete = 0
        self.status = 0
        self.keep_alive = False
        self.is_partial = False
        self._before_body = b""

    @property
    def begun_with(self) -> bytes:
        """What was read of an answer that is not complete, 64 KiB of it at most."""
        return self._before_body

    @property
    def fits(self) -> bool:
        """Whether the last answer's body is as it should be; nobody looks at it here."""
        return True

    def feed(self, data: bytes) -> None:
        """Read some bytes. Raises BadResponse when they can't be an answer."""
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise BadResponse(str(error)) from error
        if not self.complete and len(self._before_body) <= LONGEST_HEAD:
            # What close_ends_response needs to look at again: the head, however it was cut.
            self._before_body += data[:LONGEST_HEAD]
            if (
                len(self._before_body) > LONGEST_HEAD
                and not ResponseHead.read(self._before_body).ended
            ):
                raise BadResponse(f"a head of more than {LONGEST_HEAD} bytes")

    def release(self) -> None:
        """Read no more. The parser refers back to its user, and an agent collects no cycles."""
        del self._parser

    def take(self) -> int:
        """The status of the answer that is complete; the reader is ready for the next."""
        self.complete = 0
        self._before_body = b""
        return self.status

    def close_ends_response(self) -> bool:
        """Whether the end of the connection is the end of an answer (RFC 9112, section 6.3).

        Then ``status`` is that answer's. False means that it was cut off.
        """
        head = ResponseHead.read(self._before_body)
        if not head.ended or head.is_framed:
            return False
        self.status = self._parser.get_status_code()
        self.keep_alive = False
        self.is_partial = False
        return True

    def on_message_begin(self) -> None:
        """Called by httptools at an answer's first byte."""
        self.is_partial = True

    def on_message_complete(self) -> None:
        """Called by httptools; an interim answer (100-continue) is not a final one."""
        status = self._parser.get_status_code()
        if status >= 200:
            self.complete += 1
            self.is_partial = False
            self.status = status
            self.keep_alive = self._parser.should_keep_alive()
        elif status < 100 or status == 101:
            # Nobody asked to switch protocols.
            raise BadResponse(f"status {status}")


class HeadResponseReader(ResponseReader):
    """Reads answers to HEAD, which end with their head whatever it says about a body."""

    __slots__ = ("_closes",)

    def feed(self, data: bytes) -> None:
        """Read some bytes. Raises BadResponse when they can't be an answer."""
        super().feed(data)
        if self.complete:
            self._parser = HttpResponseParser(self)

    def on_message_begin(self) -> None:
        """Called by httptools at an answer's first byte."""
        super().on_message_begin()
        self._closes = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by httptools for each header."""
        if name.lower() == b"connection" and b"close" in value.lower():
            self._closes = True

    def on_headers_complete(self) -> None:
        """Called by httptools at the end of each head."""
        super().on_message_complete()
        # The parser closes where no length is given, for want of another end of the body.
        if not self._closes and self._parser.get_http_version() == "1.1":
            self.keep_alive = True

    def on_body(self, _data: bytes) -> None:
        """Called by httptools: what follows the head answers nothing."""
        self.complete += 1

    def on_message_complete(self) -> None:
        """Called by httptools where the head also says that there is no body."""


class CheckingResponseReader(ResponseReader):
    """Reads answers, and whether the last one's body contains what it should."""

    __slots__ = ("_body", "_contains")

    def __init__(self, contains: bytes) -> None:
        super().__init__()
        self._contains = contains
        self._body: list[bytes] = []

    @property
    def fits(self) -> bool:
        """Whether the last answer's body, as sent, contains it."""
        return self._contains in b"".join(self._body)

    def on_message_begin(self) -> None:
        """Called by httptools at an answer's first byte."""
        super().on_message_begin()
        self._body.clear()

    def on_body(self, data: bytes) -> None:
        """Called by httptools for each piece of the body."""
        self._body.append(data)


def make_reader(request: Request) -> ResponseReader:
    """What reads the answers to a request."""
    if request.contains:
        return CheckingResponseReader(request.contains)
    return HeadResponseReader() if request.method == "HEAD" else ResponseReader()
