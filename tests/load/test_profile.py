"""A burst's request on the wire, and its way through JSON."""

from __future__ import annotations

import json
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.serialization import from_simple, to_simple

latin = st.text(st.characters(max_codepoint=255))
requests = st.builds(
    SentRequest,
    path=st.text(),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT"]),
    headers=st.lists(st.tuples(latin, latin)).map(tuple),
    body=st.binary(),
    expect=st.lists(st.integers(200, 599)).map(tuple),
)
seconds = st.floats(0, 1e6)
shapes = st.builds(
    Shape, connections=st.integers(1), duration_s=seconds, timeout_s=seconds, warmup_s=seconds
)


def received(request: SentRequest) -> tuple[h11.Request, bytes]:
    """Return the request and the body as a server reads them."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(request.encode("127.0.0.1:80"))
    head = server.next_event()
    assert isinstance(head, h11.Request)
    body = b""
    while isinstance(event := server.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert server.trailing_data == (b"", False)
    return head, body


def headers_of(request: SentRequest) -> dict[str, str]:
    """The headers that a server reads, each of which comes once."""
    headers = received(request)[0].headers
    assert len(dict(headers)) == len(list(headers))
    return {name.decode(): value.decode("latin-1") for name, value in headers}


def test_a_request_is_shown_and_stored_without_its_values() -> None:
    request = SentRequest(
        "/me?token=value1", "POST", (("X-Key", "value2"),), b"value3", (201,), b"v4"
    )
    assert request.shown == "POST /me?token=..."
    assert repr(request) == "<SentRequest POST /me?token=..., X-Key, 6 bytes>"
    assert request.without_values() == SentRequest(
        "/me?token=...", "POST", (("X-Key", "..."),), expect=(201,)
    )


def test_a_request_without_options_has_a_path_and_two_headers() -> None:
    assert SentRequest("/a?b=c").encode("127.0.0.1:8000") == (
        b"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: pytest-djworkers\r\n\r\n"
    )


@given(st.binary(), st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
def test_a_server_reads_the_method_path_and_body_of_the_request(body: bytes, method: str) -> None:
    head, read = received(SentRequest("/some/path", method, body=body))
    assert (head.method, head.target, read) == (method.encode(), b"/some/path", body)


@pytest.mark.parametrize(
    ("request_", "length"),
    [
        (SentRequest("/"), None),
        (SentRequest("/", "HEAD"), None),
        (SentRequest("/", "POST"), "0"),
        (SentRequest("/", "GET", body=b"four"), "4"),
    ],
)
def test_a_length_is_sent_with_a_body_and_with_methods_that_have_one(
    request_: SentRequest, length: str | None
) -> None:
    assert headers_of(request_).get("content-length") == length


@pytest.mark.parametrize("name", ["Host", "host", "User-Agent", "USER-AGENT"])
def test_a_header_of_the_user_replaces_ours(name: str) -> None:
    headers = headers_of(SentRequest("/", headers=((name, "given"),)))
    assert headers[name.lower()] == "given"
    assert headers.keys() == {"host", "user-agent"}


def test_headers_are_latin_1_and_in_the_order_given() -> None:
    given_headers = (("X-B", "é"), ("X-A", "1"), ("X-B", "2"))
    read = received(SentRequest("/", headers=given_headers))[0].headers
    assert list(read)[2:] == [(b"x-b", b"\xe9"), (b"x-a", b"1"), (b"x-b", b"2")]


@given(st.text(), requests, shapes)
def test_json_gives_back_the_same_profile(name: str, request: SentRequest, shape: Shape) -> None:
    profile = Profile(name, request, shape)
    assert from_simple(json.loads(json.dumps(to_simple(profile))), Profile) == profile


@pytest.mark.parametrize(
    ("expect", "accepted", "words"),
    [((), [200, 204, 299], "2xx"), ((302,), [302], "302"), ((200, 404), [200, 404], "200 or 404")],
)
def test_which_statuses_are_expected(expect: Any, accepted: list[int], words: str) -> None:
    request = SentRequest("/", expect=expect)
    assert request.expected == words
    tried = (199, 200, 204, 299, 300, 302, 404, 500)
    assert [status for status in tried if request.expects(status)] == accepted


@pytest.mark.parametrize(("method", "safe"), [("GET", True), ("HEAD", True), ("POST", False)])
def test_only_requests_that_change_nothing_may_be_sent_twice(method: str, safe: bool) -> None:
    assert SentRequest("/", method).is_safe is safe
