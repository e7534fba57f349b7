"""Heads of responses that were parsed before, so that most responses need no parsing."""

from __future__ import annotations

from pytest_djworkers.load.response_head import ResponseHead

_END = b"\r\n\r\n"
_MOST = 64
"""The number of heads that are kept. A head often holds a date, so most are soon past."""
_NO_HEAD = b"", -1
"""A head that no response has: none is of a negative length."""


class KnownHeads(dict[bytes, int]):
    """For each head, up to and with its empty line, the number of bytes of the whole response.

    The parser is a function of the bytes alone. So a response of that many bytes with that head
    would be parsed to the same result, and need not be. The heads are those of expected responses
    that keep the connection open, all with the status of the first one. To be cleared now and then.
    """

    status = 0
    """The status of all of them."""
    latest = _NO_HEAD
    """The head that was recognized last, and the length of its response. The next response mostly
    has the same, and comparing is cheaper than looking up."""

    def knows(self, data: bytes) -> bool:
        """Return True if this is exactly one response, with a head that is known."""
        head = data[: data.find(_END) + len(_END)]
        # Without an empty line the head is the first three bytes, which no known head is.
        if self.get(head) != len(data):
            return False
        self.latest = head, len(data)
        return True

    def learn_whole(self, data: bytes, status: int) -> None:
        """Recognize a response that is exactly this, which has no head."""
        self.latest = data, len(data)
        self.status = status

    def clear(self) -> None:
        """Forget all heads."""
        super().clear()
        self.latest = _NO_HEAD

    def learn(self, data: bytes, status: int) -> None:
        """Remember the head of what the parser found to be exactly one such response."""
        if len(self) >= _MOST or (self and status != self.status):
            return
        end = data.find(_END) + len(_END)
        head = ResponseHead.read(data[:end])
        # Chunked bodies are of no fixed length, and an interim response comes before the head.
        if head.ended and head.length is not None and end + head.length == len(data):
            self[data[:end]] = len(data)
            self.status = status
