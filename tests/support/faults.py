"""The ways a server can misbehave, and what a burst must then report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_djworkers.load.profile import SentRequest
from tests.support.fault_server import (
    Behaviour,
    always,
    answer,
    answers_and_closes,
    hangs,
    in_turn,
    once,
    streams,
    trickles,
)
from tests.support.profiles import ROOT

OK = answer()


HEAD = SentRequest("/", "HEAD")


POST = SentRequest("/", "POST", body=b"body")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


UNFRAMED = b"HTTP/1.1 200 OK\r\n\r\n"


def with_length(length: str) -> bytes:
    """An answer with a body of two bytes, and this for a length."""
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nok".encode()


@dataclass(frozen=True)
class Row:
    """A way to misbehave, and everything that a burst may report of it."""

    name: str
    behave: Behaviour
    classes: str
    says: Any = "200"
    """The statuses of the answers that came, and the kinds of the errors."""
    request: SentRequest = ROOT


ROWS = [
    # Right, if unusual.
    Row("answers", always(OK), "ok"),
    Row("chunked", always(CHUNKED + b"2\r\nok\r\n0\r\n\r\n"), "ok"),
    Row("trailers", always(CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"), "ok"),
    Row("100-continue", always(CONTINUE + OK), "ok"),
    Row("204", always(b"HTTP/1.1 204 No Content\r\n\r\n"), "ok", "204"),
    Row("204 with a length", always(answer("204 No Content", b"")), "ok", "204"),
    Row("304", always(b"HTTP/1.1 304 N\r\n\r\n"), "ok", "304", SentRequest("/", expect=(304,))),
    Row(
        "304 with a length",
        always(b"HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n"),
        "unexpected",
        "304",
    ),
    Row("HEAD", always(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), "ok", request=HEAD),
    Row("HEAD without a length", always(UNFRAMED), "ok", request=HEAD),
    Row("POST", always(OK), "ok", request=POST),
    Row("a byte at a time", trickles(OK), "ok"),
    Row("closes after each, and says so", once(answer("200 OK", b"ok", "Connection: close")), "ok"),
    Row("closes to end the body", once(UNFRAMED + b"ok"), "ok"),
    Row("HTTP/1.0", once(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), "ok"),
    Row("closes idle connections", answers_and_closes, "ok"),
    # Complete answers that nobody wanted.
    Row("redirects", always(answer("302 Found", b"", "Location: /login")), "unexpected", "302"),
    Row("fails", always(answer("500 Oh")), "unexpected", "500"),
    Row(
        "200 where 404 is wanted", always(OK), "unexpected", request=SentRequest("/", expect=(404,))
    ),
    Row(
        "fails now and then",
        in_turn(OK, answer("500 Oh"), OK, answer("404 No", b"")),
        "ok unexpected",
        "200 404 500",
    ),
    # No answers.
    Row("never answers", hangs, "unanswered", ""),
    Row("an endless body", streams(UNFRAMED, b"x" * 9000, every_s=0.001), "unanswered", ""),
    Row(
        "a byte now and then", streams(UNFRAMED[:-2] + b"X: ", b"y", every_s=0.01), "unanswered", ""
    ),
    Row("a length too long", always(with_length("20")), "unanswered", ""),
    Row("only interim answers", always(CONTINUE), "unanswered", ""),
    # Errors.
    Row("closes before the head", once(b""), "error", "closed early"),
    Row("closes in the head", once(b"HTTP/1.1 200 OK\r\n"), "error", "closed early"),
    Row("closes after 100", once(CONTINUE), "error", "closed early"),
    Row("closes in the body", once(with_length("20")), "error", "closed early"),
    Row("closes in a chunk", once(CHUNKED + b"9\r\nx"), "error", "closed early"),
    Row("closes before the last chunk", once(CHUNKED + b"1\r\nx\r\n"), "error", "closed early"),
    Row("resets in the body", once(with_length("20"), reset=True), "error", "reset"),
    Row(
        "an endless head",
        streams(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 999),
        "error",
        "bad response",
    ),
    Row("a length too short", always(with_length("1")), "error", "bad response"),
    Row("a negative length", always(with_length("-2")), "error", "bad response"),
    Row("two lengths", always(with_length("2\r\nContent-Length: 2")), "error", "bad response"),
    Row("a bad chunk size", always(CHUNKED + b"x\r\nok\r\n"), "error", "bad response"),
    Row("a negative chunk size", always(CHUNKED + b"-2\r\nok\r\n"), "error", "bad response"),
    Row(
        "garbage",
        always(b"\x16\x03\x01\0\xff nothing of the kind\r\n\r\n"),
        "error",
        "bad response",
    ),
    Row(
        "switches protocols",
        always(b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        "error",
        "bad response",
    ),
    Row("two answers", always(OK + OK), "error", "unrequested response"),
    Row("an answer and a half", always(OK + OK[:9]), "error", "unrequested response"),
    Row("a body for HEAD", always(OK), "error", "unrequested response", HEAD),
]
