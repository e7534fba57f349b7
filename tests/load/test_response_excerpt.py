"""The first unexpected response: read from what was received, and kept by a burst."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.serialization import from_simple, to_simple
from tests.support.fault_server import always, answer, serve
from tests.support.firing import fire

PAGE = b"""<!DOCTYPE html><html><head><title>403</title><style>body { color: red }</style></head>
<body><!-- not this --><h1>Forbidden <span>(403)</span></h1>
<p>It&#x27;s refused.</p></body></html>"""


def response(body: bytes, *headers: bytes, status: bytes = b"403 Forbidden") -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 " + status, length, *headers, b"", b""]) + body


@pytest.mark.parametrize(
    ("received", "kept"),
    [
        (response(b"plain\n\ttext"), ResponseExcerpt(403, text="plain text")),
        (
            response(PAGE, b"Content-Type: text/html; charset=utf-8"),
            ResponseExcerpt(403, text="Forbidden (403) It's refused."),
        ),
        (response(PAGE[:60], b"Content-Type: text/html"), ResponseExcerpt(403)),
        (response(b"<p>cut <b", b"Content-Type: text/html"), ResponseExcerpt(403, text="cut")),
        (response(b""), ResponseExcerpt(403)),
        (response(b"", b"Location: /login/", status=b"302 Found"), ResponseExcerpt(302, "/login/")),
        (
            response(zlib.compress(b"x"), b"Content-Encoding: deflate"),
            ResponseExcerpt(403, text="(a body in deflate)"),
        ),
        (
            b"HTTP/1.1 500 E\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            ResponseExcerpt(500, text="abcde"),
        ),
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + response(b"then this"),
            ResponseExcerpt(403, text="then this"),
        ),
        (
            response(b"red \x1b[31m and \x07\xff\r\n"),
            ResponseExcerpt(403, text="red and \\x07\ufffd"),
        ),
        (response(b"x" * 5000), ResponseExcerpt(403, text="x" * 1000)),
        (b"", None),
        (b"HTTP/1.1 403 Forbidden\r\nConte", None),
        (b"nonsense\r\n\r\n", None),
    ],
)
def test_an_excerpt_is_read_from_the_bytes_of_a_response(
    received: bytes, kept: ResponseExcerpt | None
) -> None:
    assert ResponseExcerpt.of(received) == kept


@given(st.binary(max_size=200), st.integers(0, 200))
def test_an_excerpt_of_any_bytes_raises_nothing(body: bytes, cut: int) -> None:
    whole = response(body, b"Content-Type: text/html")
    for data in (body, whole, whole[:cut]):
        found = ResponseExcerpt.of(data)
        assert found is None or found.text == in_one_line(found.text)


@pytest.mark.parametrize(
    "body", [b"refused", b"a long one " * 20_000], ids=["at once", "in pieces"]
)
def test_a_burst_keeps_its_first_unexpected_response(body: bytes) -> None:
    with serve(always(response(body))) as server:
        report = fire(server.address, connections=2)
    assert report.counts.unexpected
    kept = json.loads(json.dumps(to_simple(report)))["parts"][0]["first_unexpected"]
    assert from_simple(kept, ResponseExcerpt) == ResponseExcerpt(
        403, text=body.decode()[:1000].strip()
    )


def test_a_burst_keeps_a_wrong_body_and_no_expected_one() -> None:
    with serve(always(answer(body=b"hello"))) as server:
        wrong = fire(server.address, SentRequest("/", contains=b"world"), connections=2)
        fine = fire(server.address, connections=2)
    assert wrong.counts.first_unexpected == ResponseExcerpt(200, text="hello")
    assert fine.counts.first_unexpected is None
