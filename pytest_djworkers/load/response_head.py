"""A second look at the beginning of a response, for what the parser itself does not tell."""

from __future__ import annotations

from httptools import HttpResponseParser


class ResponseHead:
    """The framing of a response: what its head says about the length of its body."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.ended = False
        """True if the head of a final response is complete."""
        self.is_chunked = False
        self.length: int | None = None

    @classmethod
    def read(cls, data: bytes) -> ResponseHead:
        """Return what the first bytes of a response say. They must have been parsed before."""
        head = cls()
        try:
            head.parser.feed_data(data)
        finally:
            # The parser refers back to this object, and an agent collects no cycles.
            del head.parser
        return head

    @property
    def is_framed(self) -> bool:
        """True if the head says where the body ends, so that the end of the connection doesn't."""
        return self.is_chunked or self.length is not None

    def on_message_begin(self) -> None:
        """Called by httptools at the first byte; forget an interim response (100-continue)."""
        self.ended = self.is_chunked = False
        self.length = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by httptools for each header."""
        if name.lower() == b"content-length":
            self.length = int(value)
        elif name.lower() == b"transfer-encoding":
            self.is_chunked = True

    def on_headers_complete(self) -> None:
        """Called by httptools at the end of each head."""
        self.ended = self.parser.get_status_code() >= 200
