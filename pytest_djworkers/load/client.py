"""The HTTP/1.1 client protocol on one connection, without any I/O.

httptools (llhttp) does the parsing. What it leaves to its user is here: answers to HEAD,
100-continue, answers that end with the connection, and heads that never end.
"""

from __future__ import annotations

from httptools import HttpParserError, HttpResponseParser

from pytest_djworkers.load.profile import Request

LONGEST_HEAD = 65_536
_HEAD_END = b"\r\n\r\n"
_KNOWN_HEADS = 64
_NO_HEAD = b"", -1


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
            # What close_ends_answer needs to look at again: the head, however it was cut.
            self._before_body += data[:LONGEST_HEAD]
            if len(self._before_body) > LONGEST_HEAD and not _heads(self._before_body).ended:
                raise BadResponse(f"a head of more than {LONGEST_HEAD} bytes")

    def release(self) -> None:
        """Read no more. The parser refers back to its user, and an agent collects no cycles."""
        del self._parser

    def take(self) -> int:
        """The status of the answer that is complete; the reader is ready for the next."""
        self.complete = 0
        self._before_body = b""
        return self.status

    def close_ends_answer(self) -> bool:
        """Whether the end of the connection is the end of an answer (RFC 9112, section 6.3).

        Then ``status`` is that answer's. False means that it was cut off.
        """
        heads = _heads(self._before_body)
        if not heads.ended or heads.is_framed:
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


class KnownHeads(dict[bytes, int]):
    """Heads that were parsed before, so that most answers need no parsing.

    For each head, up to and with its empty line: how many bytes the whole answer has. The parser
    is a function of the bytes alone, so an answer of that many bytes with that head would be
    parsed to the same. Only expected answers that keep the connection are in it, and of one
    status, the first one's. There are few at a time: a head often holds a date. To be cleared now
    and then.
    """

    status = 0
    latest = _NO_HEAD
    """The head that was recognized last, and how many bytes the whole answer has: mostly the next
    one's too, and comparing is cheaper than looking up."""

    def knows(self, data: bytes) -> bool:
        """Whether this is exactly one answer, with a head that is remembered."""
        head = data[: data.find(_HEAD_END) + len(_HEAD_END)]
        if self.get(head) != len(data):
            return False
        self.latest = head, len(data)
        return True

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self.latest = _NO_HEAD

    def learn(self, data: bytes, status: int) -> None:
        """Remember the head of what the parser found to be exactly one such answer."""
        if len(self) >= _KNOWN_HEADS or (self and status != self.status):
            return
        end = data.find(_HEAD_END) + len(_HEAD_END)
        heads = _heads(data[:end])
        if heads.ended and heads.length is not None and end + heads.length == len(data):
            self[data[:end]] = len(data)
            self.status = status


class _Heads:
    """Reads again what came first, for what the hot path does without."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.ended = False
        self.is_chunked = False
        self.length: int | None = None

    @property
    def is_framed(self) -> bool:
        return self.is_chunked or self.length is not None

    def on_message_begin(self) -> None:
        self.ended = self.is_chunked = False
        self.length = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-length":
            self.length = int(value)
        elif name.lower() == b"transfer-encoding":
            self.is_chunked = True

    def on_headers_complete(self) -> None:
        self.ended = self.parser.get_status_code() >= 200


def _heads(data: bytes) -> _Heads:
    heads = _Heads()
    try:
        heads.parser.feed_data(data)
    finally:
        del heads.parser  # which refers back, and an agent collects no cycles
    return heads
