"""The probe, the built-in generator and wrk send the same bytes, whatever ``burst()`` is given."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Profile, SentRequest
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from pytest_djworkers.request.build import make_request
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.server.probe import probe
from tests.support.fault_server import always, answer, serve
from tests.support.firing import fire
from tests.support.profiles import make_profile

OK = always(answer(), after_s=0.1)
LUA = b"]]..os.exit(1)--[[ %s %d \\\n\"'"

names = st.text("AZaz09!#$%&'*+.^_`|~-", min_size=1, max_size=8).map(lambda text: f"X{text}")
spellings = st.sampled_from(
    ["Host", "host", "HOST", "User-Agent", "user-agent", "Accept-Encoding", "Accept", "Cookie"]
)
values = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]))
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
bodies = st.sampled_from([b"", b"\0", b"\r\n\r\n", LUA, b"GET / HTTP/1.1\r\n\r\n"]) | st.binary()


@st.composite
def requests(draw: st.DrawFn) -> SentRequest:
    """Anything that ``burst()`` takes, but for what wrk says that it can't send."""
    headers = draw(st.dictionaries(names | spellings, values, max_size=5))
    hosts = [name for name in headers if name.lower() == "host"]
    for name in hosts[1:]:
        del headers[name]
    return make_request(
        "/" + draw(printable),
        draw(st.sampled_from(["GET", "POST", "put", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])),
        headers=headers,
        body=draw(bodies),
        query=draw(st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=5))),
        cookies=draw(st.none() | st.dictionaries(names, st.sampled_from(["", "a=b", "1"]))),
    )


KNOWN = [
    make_request("/"),
    make_request('/a#b?c%s%%2F|\\{}"<>^`'),
    make_request("//evil.example/?next=//x"),
    make_request("/", query={"next": "/a b/?é", "token": ["1", "2"]}),
    make_request("/", headers={"host": "example.com"}),
    make_request("/", headers={"HOST": "other.example:99", "USER-AGENT": "me", "X-": ""}),
    make_request("/", headers={"X-A": "1", "x-a": "2", "Accept-Encoding": "gzip, br"}),
    make_request("/", headers={"Cookie": "sessionid=a"}, cookies={"csrftoken": "b"}),
    make_request("/", headers={"X-Name": "Zo\xeb", "X-Lua": LUA[:20].decode(), "X-Tab": "a\tb "}),
    make_request("/", "POST"),
    make_request("/", "POST", body=bytes(range(256)) * 300),
    make_request("/", "DELETE", json={"a": "é"}),
    make_request("/", "GET", body=LUA),
    make_request("/", "PUT", body="\0"),
]


def sent_by_wrk(request: SentRequest) -> set[bytes]:
    """The requests that arrive while wrk fires this one."""
    program = find_wrk()
    assert program is not None
    profile = make_profile(request, connections=1, duration_s=1)
    with serve(OK) as server, TemporaryDirectory() as folder:
        WrkGenerator(program).fire(profile, Target(server.address, Path(folder), host="a.example"))
    return set(server.requests)


def check(some: Sequence[SentRequest]) -> None:
    """Each is sent by wrk as it is by the others."""
    with ThreadPoolExecutor(len(some)) as pool:
        for request, sent in zip(some, pool.map(sent_by_wrk, some), strict=True):
            assert sent == {request.encode("a.example")}


wrk_only = pytest.mark.skipif(find_wrk() is None, reason="wrk is not installed")


@wrk_only
def test_wrk_sends_the_same_request_as_the_others() -> None:
    check(KNOWN)


@wrk_only
@pytest.mark.matrix
@settings(max_examples=30)
@given(st.lists(requests(), min_size=8, max_size=8))
def test_wrk_sends_any_request_as_the_others_do(some: list[SentRequest]) -> None:
    check(some)


def check_the_others(request: SentRequest) -> None:
    """The probe and the built-in generator send it as it says."""
    profile = make_profile(request, connections=1)
    told = from_simple(to_simple(profile), Profile).request
    with serve(always(answer(), after_s=0.01)) as server:
        probe(
            [server.address],
            request,
            None,
            any_response=True,
            deadline=time.monotonic() + 20,
            host="h:1",
        )
        (probed,) = server.requests
        for _ in range(20):
            # A machine that stalls can outlast a short burst before its first request.
            fire(server.address, told, connections=1, duration_s=0.02)
            if server.requests[1:]:
                break
        fired = set(server.requests[1:])
    address = "{}:{}".format(*server.address)
    assert probed == request.encode("h:1")
    assert fired == {request.encode(address)}


@pytest.mark.parametrize("request_", KNOWN, ids=range(len(KNOWN)))
def test_the_probe_and_the_built_in_generator_send_the_same_request(request_: SentRequest) -> None:
    check_the_others(request_)


@settings(max_examples=10)
@given(requests())
def test_the_probe_and_the_built_in_generator_send_any_request_alike(request_: SentRequest) -> None:
    check_the_others(request_)
