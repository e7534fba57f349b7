"""Requests made from the arguments of ``burst()``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.request.build import make_request


@dataclass
class Named:
    """A cookie in the jar of a client: requests', httpx's, http.cookiejar's."""

    name: str
    value: str


SIMPLE: SimpleCookie = SimpleCookie()
SIMPLE["sessionid"] = "abc"
SIMPLE["sessionid"]["path"] = "/"
SIMPLE["messages"] = 'a "b"; c, é'

JSON = {"deep": [1, {"ü": None}]}


@pytest.mark.parametrize(
    ("arguments", "request_made"),
    [
        ({"path": "/"}, SentRequest("/")),
        ({"path": "/a?b=%20#c", "method": "head"}, SentRequest("/a?b=%20#c", "HEAD")),
        ({"path": "/", "cookies": {"a": "b"}}, SentRequest("/", headers=(("Cookie", "a=b"),))),
        (
            {"path": "/", "cookies": SIMPLE},
            SentRequest(
                "/",
                headers=(("Cookie", 'sessionid=abc; messages="a \\"b\\"\\073 c\\054 \\351"'),),
            ),
        ),
        (
            {"path": "/", "cookies": {"a": SIMPLE["sessionid"]}},
            SentRequest("/", headers=(("Cookie", "a=abc"),)),
        ),
        (
            {"path": "/", "cookies": [Named("a", "b"), Named("c", "d")]},
            SentRequest("/", headers=(("Cookie", "a=b; c=d"),)),
        ),
        (
            {"path": "/", "method": "POST", "body": "ü"},
            SentRequest("/", "POST", body="ü".encode()),
        ),
        (
            {"path": "/", "method": "PUT", "body": b"\\0", "headers": {"X-Y": "z"}},
            SentRequest("/", "PUT", (("X-Y", "z"),), b"\\0"),
        ),
        (
            {"path": "/", "method": "POST", "json": JSON},
            SentRequest(
                "/", "POST", (("Content-Type", "application/json"),), json.dumps(JSON).encode()
            ),
        ),
        (
            {"path": "/", "method": "POST", "json": 1, "headers": {"content-type": "text/x"}},
            SentRequest("/", "POST", (("content-type", "text/x"),), b"1"),
        ),
        ({"path": "/", "query": {"q": "ü b", "n": [1, 2]}}, SentRequest("/?q=%C3%BC+b&n=1&n=2")),
        ({"path": "/?a=b", "query": {"c": 1}}, SentRequest("/?a=b&c=1")),
        ({"path": "/", "query": {}, "cookies": {}}, SentRequest("/")),
        (
            {"path": "/", "headers": {"cookie": "a=b", "X-Y": "z"}, "cookies": {"c": "d"}},
            SentRequest("/", headers=(("X-Y", "z"), ("Cookie", "a=b; c=d"))),
        ),
        (
            {"path": "/", "cookies": {"sessionid": "abc", "x": "y=z"}},
            SentRequest("/", headers=(("Cookie", "sessionid=abc; x=y=z"),)),
        ),
        ({"path": "/", "stream": "5s"}, SentRequest("/", stream_s=5.0)),
        ({"path": "/", "contains": "ü"}, SentRequest("/", contains="ü".encode())),
        (
            {"path": "/ws", "websocket": "ü", "contains": "y", "cookies": {"a": "b"}},
            SentRequest(
                "/ws",
                headers=(("Cookie", "a=b"),),
                body="ü".encode(),
                expect=(101,),
                contains=b"y",
                websocket="text",
            ),
        ),
        (
            {"path": "/ws", "websocket": b"\0"},
            SentRequest("/ws", body=b"\0", expect=(101,), websocket="binary"),
        ),
        ({"path": "/", "expect": 302}, SentRequest("/", expect=(302,))),
        ({"path": "/", "expect": [404, 200, 404]}, SentRequest("/", expect=(200, 404))),
    ],
    ids=str,
)
def test_the_arguments_of_a_call_make_a_request(
    arguments: dict[str, Any], request_made: SentRequest
) -> None:
    assert make_request(**arguments) == request_made


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"path": "json"}, "path 'json' must start with /"),
        (
            {"path": "http://127.0.0.1:8000/json?a=secret"},
            "path 'http://127.0.0.1:8000/json?a=...' is a whole URL: give its path only",
        ),
        ({"path": "/a b"}, "percent-encode the others"),
        ({"path": "/ü"}, "percent-encode the others"),
        ({"path": "/\r\nX: y"}, "percent-encode the others"),
        ({"path": None}, "path None must start with /"),
        ({"method": "GET /"}, "method='GET /' is not an HTTP method"),
        ({"method": "CONNECT"}, "method='CONNECT' is not an HTTP method"),
        ({"method": 5}, "method=5 is not an HTTP method"),
        ({"headers": [("a", "b")]}, "headers= is list, not a mapping"),
        ({"headers": {"a b": "c"}}, "headers=: 'a b' is not a header name"),
        ({"headers": {"a": "b\r\nc: d"}}, "the value of a can't be sent: it has '\\r' in it"),
        ({"headers": {"a": 5}}, "headers=: the value of a can't be sent: it is int"),
        ({"headers": {"Content-Length": "5"}}, "Content-Length is set by the generator"),
        ({"body": b"", "json": {}}, "body= and json= can't be combined"),
        ({"body": 5}, "body= is int, not bytes or str"),
        ({"query": "a=b"}, "query= is str, not a mapping"),
        ({"headers": {"Host": "a", "host": "b"}}, "headers=: Host is given more than once"),
        ({"cookies": "a=b"}, "cookies= is str, not a mapping"),
        (
            {"cookies": 5},
            "or client.cookies (a Cookie header as it is sent: headers={'Cookie': ...})",
        ),
        ({"cookies": ["a"]}, "cookies=: str is not a cookie with name and value"),
        (
            {"cookies": [Named("a", 'b"')]},
            """cookies=: the value of a can't be sent: it has '"' in it""",
        ),
        (
            {"headers": {"HTTP_X_A": "1"}},
            "names are sent as they are, so HTTP_X_A is not X-A: write X-A",
        ),
        (
            {"headers": {"content_type": "1"}},
            "so content_type is not Content-Type: write Content-Type",
        ),
        ({"body": {"a": 1}}, "body= is dict, not bytes or str (json= encodes it)"),
        ({"cookies": {"a b": "c"}}, "cookies=: 'a b' is not the name of a cookie"),
        ({"cookies": {"a": "b;c"}}, "cookies=: the value of a can't be sent: it has ';' in it"),
        ({"cookies": {"a": 5}}, "cookies=: the value of a can't be sent: it is int"),
        ({"contains": 5}, "contains= is int, not bytes or str"),
        ({"websocket": 5}, "websocket=5 is not the message, as str or bytes"),
        ({"websocket": "\ud800"}, "websocket= has a character that can't be encoded"),
        ({"websocket": "x", "method": "POST"}, "method= and websocket= can't be combined"),
        ({"websocket": "x", "stream": "5s"}, "stream= and websocket= can't be combined"),
        ({"expect": 101}, "not a status from 200 to 599 (websocket= opens a WebSocket)"),
        ({"stream": "long"}, "stream='long': 'long' is not a duration"),
        ({"stream": 0}, "stream=0 must be above 0"),
        ({"stream": "5s", "method": "HEAD"}, "stream= needs a body"),
        ({"stream": "5s", "contains": "x"}, "contains= and stream= can't be combined"),
        ({"contains": "x", "method": "HEAD"}, "a response to HEAD has none"),
        ({"json": {1, 2}}, "json=: Object of type set is not JSON serializable"),
        ({"expect": 99}, "expect=99 is not a status from 200 to 599"),
        ({"expect": "200"}, "expect='200' is not a status"),
        ({"expect": True}, "expect=True is not a status"),
        ({"expect": []}, "expect= is empty"),
    ],
)
def test_a_wrong_argument_is_an_error_that_says_why(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(BurstArgumentError) as refusal:
        make_request(**{"path": "/", **arguments})
    assert said in str(refusal.value)


@given(st.text(max_size=20))
def test_no_path_breaks_the_request_line(text: str) -> None:
    try:
        request = make_request(f"/{text}")
    except BurstArgumentError:
        return
    line, _, _ = request.encode("host").partition(b"\r\n")
    assert line == f"GET /{text} HTTP/1.1".encode("ascii")
    assert len(line.split()) == 3


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2))
def test_no_header_breaks_the_head(headers: dict[str, str]) -> None:
    try:
        request = make_request("/", headers=headers)
    except BurstArgumentError:
        return
    lines = request.encode("host").split(b"\r\n")
    assert len(lines) == 1 + len(request.header_lines("host")) + 2
