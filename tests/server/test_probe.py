"""The probe: which responses are accepted, which are errors at once, and what is tried again."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from fnmatch import fnmatch

import pytest

from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.route import PLAIN, Route, Trust
from pytest_djworkers.server.probe import NobodyListensError, ProbeResult, probe
from pytest_djworkers.system.process import GuardedProcess
from tests.support.fault_server import (
    LOCAL,
    Behaviour,
    FaultServer,
    Peer,
    always,
    answer,
    hangs,
    once,
    refusing,
    serve,
    streams,
    trickles,
)
from tests.support.guarded import Guarded

LONG_S = 15.0
SHORT_S = 0.3
OK = answer(body=b"good")
ROOT = SentRequest("/")
TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
STREAM = SentRequest("/events", stream_s=1)
MANY_HEADERS = answer("200 OK", b"good", *(f"X-{number}: 1" for number in range(300)))


@pytest.fixture
def process(guarded: Guarded) -> GuardedProcess:
    """Something that runs."""
    return guarded("import signal; signal.pause()")


def send(
    server: FaultServer,
    request: SentRequest = ROOT,
    process: GuardedProcess | None = None,
    *,
    within_s: float = LONG_S,
    any_response: bool = False,
    route: Route = PLAIN,
) -> ProbeResult:
    """Probe the server."""
    return probe(
        [server.address],
        request,
        process,
        any_response=any_response,
        deadline=time.monotonic() + within_s,
        route=route,
    )


def told(
    behave: Behaviour, request: SentRequest = ROOT, process: GuardedProcess | None = None
) -> str:
    """Return the error for this server, which comes at once, long before the deadline."""
    with serve(behave) as server:
        began = time.monotonic()
        with pytest.raises(ProbeError) as error:
            send(server, request, process)
        assert time.monotonic() - began < LONG_S / 5
    said, _, advice = str(error.value).partition("\n    ")
    assert (said + advice).isprintable()
    assert len(said) < 500
    return str(error.value)


# What is good.


@pytest.mark.parametrize(
    ("behave", "request_"),
    [
        (always(OK), ROOT),
        (trickles(OK), ROOT),
        (once(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"), SentRequest("/", "HEAD")),
        (always(answer("404 Nope")), SentRequest("/", expect=(404, 500))),
        (always(answer("302 Found", b"", "Location: /login")), SentRequest("/", expect=(302,))),
        (once(b"HTTP/1.0 200 OK\r\n\r\ngood"), SentRequest("/", contains=b"oo")),
        (always(MANY_HEADERS), ROOT),
        (streams(EVENTS + b"data: 1\n\n", b"data: 2\n\n", every_s=0.01), STREAM),
    ],
    ids=[
        "whole",
        "trickles",
        "HEAD",
        "404",
        "302",
        "ends with the connection",
        "300 headers",
        "stream",
    ],
)
def test_an_expected_response_is_accepted(behave: Behaviour, request_: SentRequest) -> None:
    with serve(behave) as server:
        assert send(server, request_).address == server.address


@pytest.mark.parametrize("statuses", [(100,), (103,), (102, 103, 103)])
def test_interim_responses_are_skipped_and_reported(statuses: tuple[int, ...]) -> None:
    interim = b"".join(b"HTTP/1.1 %d Soon\r\nLink: </a>\r\n\r\n" % status for status in statuses)
    with serve(always(interim + OK)) as server:
        assert send(server).interim == statuses
    assert "returned 404 Nope to /b, expected" in told(
        always(interim + answer("404 Nope", b"", "Location: /b"))
    )


def test_the_probe_sends_the_same_request_as_the_burst() -> None:
    request = SentRequest("/a?b=%20c", headers=(("X-Mine", "1"), ("Host", "example")))
    with serve(always(OK)) as server:
        send(server, request)
        assert server.requests == [request.encode("")]


@pytest.mark.parametrize(
    ("response", "advice"),
    [
        (
            answer("404 Nope"),
            "*and the rows that it needs? *djworkers_seed returns",
        ),
        (
            answer("301 Moved", b"", f"Location: https://{LOCAL}/"),
            "    The site redirects HTTP to HTTPS, *SECURE_SSL_REDIRECT = False in settings for"
            " load tests (--djworkers-settings)*SECURE_PROXY_SSL_HEADER*X-Forwarded-Proto*",
        ),
        (
            answer("302 Found", b"", "Location: /login"),
            "    Log in: send the session with cookies=*expect=302",
        ),
    ],
)
def test_an_unexpected_response_has_what_to_do_about_it(response: bytes, advice: str) -> None:
    _, line = told(always(response)).split("\n")
    assert fnmatch(line, advice)


def test_any_response_is_accepted_if_asked_for() -> None:
    with serve(always(answer("500 Oh"))) as server:
        send(server, any_response=True)


# Errors that come at once.


@pytest.mark.parametrize(
    ("response", "request_", "said"),
    [
        (
            answer("500 Oh no", b"<h1>Server\n  \x1b]0;Error</h1>" + b"x" * 1000),
            ROOT,
            r"GET / returned 500 Oh no, expected 2xx: <h1>Server \x1b]0;Error</h1>x",
        ),
        (
            answer("302 Found", b"", "Location: /log\u202ein"),
            ROOT,
            r"GET / returned 302 Found to /log\u202ein, expected 2xx",
        ),
        (OK, SentRequest("/", expect=(201, 204)), "returned 200 OK, expected 201 or 204: good"),
        (
            OK,
            SentRequest("/", contains=b"bad"),
            "returned 200 OK, expected a body that contains 'bad': good",
        ),
        (
            answer("200 OK", b": hi\n\n", "Content-Type: text/event-stream"),
            STREAM,
            "GET /events returned 200 OK, expected an event: : hi",
        ),
        (answer("404 Nope", b"no"), STREAM, "GET /events returned 404 Nope, expected 2xx: no"),
        (answer("500 Oh", b""), SentRequest("/", "HEAD"), "HEAD / returned 500 Oh, expected"),
    ],
)
def test_an_unexpected_response_is_described(
    response: bytes, request_: SentRequest, said: str
) -> None:
    assert said in told(always(response), request_)


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (always(answer("200 OK", b"", f"X: {'x' * 200_000}")), "a head of more than 65536 bytes"),
        (always(answer("200 OK", b"", *["X: y"] * 40_000)), "a head of more than 65536 bytes"),
        (always(b"<html>good</html>"), "a bad response (it does not begin with HTTP/): <html>good"),
        (once(b"SSH-2.0-OpenSSH_9.2\r\n"), "does not begin with HTTP/): SSH-2.0-OpenSSH_9.2"),
        (once(TLS_ALERT), "This is TLS: its URL begins with https"),
        (once(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"), "This seems to be HTTP/2"),
        (always(b"HTTP/1.1 abc OK\r\n\r\n"), "a bad response (Invalid status code"),
        (always(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), "a bad response (status 101"),
        (
            always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            "a bad response (Invalid character in chunk size): HTTP/1.1 200 OK",
        ),
        (
            always(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
            "a bad response (",
        ),
        (
            once(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"),
            "got a response that is cut off (closed early): the server closed the connection",
        ),
        (once(b"HTTP/1.1 200 OK\r\nContent-Le", reset=True), "cut off"),
        (once(b"HTTP/1.1 103 Early Hints\r\n\r\n"), "cut off"),
    ],
)
def test_an_unreadable_response_is_described(behave: Behaviour, said: str) -> None:
    assert said in told(behave)


@pytest.mark.parametrize("reset", [False, True])
def test_a_server_of_ours_that_closes_every_connection_is_an_error(
    reset: bool, process: GuardedProcess
) -> None:
    said = told(once(b"", reset=reset), process=process)
    assert said == (
        "GET /: closed early: the server closed the connection without a response, 5 times in a row"
    )


# What is asked again.


def test_a_connection_closed_during_the_start_is_tried_again(process: GuardedProcess) -> None:
    for ours in (process, None):
        asked = 0

        async def behave(peer: Peer) -> None:
            nonlocal asked
            asked += 1
            await peer.request()
            if asked >= 4:
                await peer.send(OK)

        with serve(behave) as server:
            send(server, process=ours)


def test_an_external_server_may_close_connections_until_the_deadline() -> None:
    with serve(once(b"")) as server:
        with pytest.raises(ServerStartError, match=r"no response in time \(.*without a response\)"):
            send(server, within_s=SHORT_S)
        assert server.connections > 5


@pytest.mark.parametrize(
    ("behave", "why"),
    [(hangs, "timed out"), (streams(b"HTTP/1.1 200 OK\r\n\r\n", b"more"), "does not end")],
)
def test_an_incomplete_response_is_an_error_at_the_deadline(behave: Behaviour, why: str) -> None:
    began = time.monotonic()
    with serve(behave) as server, pytest.raises(ServerStartError) as error:
        send(server, within_s=SHORT_S, any_response=True)
    assert str(error.value).startswith("GET / got no response in time (")
    assert why in str(error.value)
    assert time.monotonic() - began < SHORT_S * 10


def test_a_server_of_ours_that_does_not_respond_has_started(process: GuardedProcess) -> None:
    with serve(hangs) as server, pytest.raises(ProbeError, match="no response in time"):
        send(server, within_s=SHORT_S, process=process)


def test_the_probe_ends_when_the_server_does(guarded: Guarded) -> None:
    process = guarded("raise SystemExit(4)")
    with refusing() as nobody, pytest.raises(ServerStartError, match=r"it ended \(exit status 4\)"):
        probe([nobody], ROOT, process, any_response=True, deadline=time.monotonic() + LONG_S)


# Where it is asked.


def test_the_first_address_that_accepts_is_used() -> None:
    with serve(always(OK)) as server, serve(always(OK), ("127.0.0.2", 0)) as other:
        nobody = ("::1", server.address[1])
        addresses = [nobody, server.address, other.address]
        found = probe(addresses, ROOT, None, any_response=False, deadline=time.monotonic() + LONG_S)
        assert found.address == server.address
        assert server.requests == [ROOT.encode(f"{LOCAL}:{server.address[1]}")]
        assert not other.connections


def test_an_ipv6_address_is_in_brackets_in_the_host_header() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        address = listener.getsockname()[:2]
        with pytest.raises(ServerStartError):
            probe([address], ROOT, None, any_response=True, deadline=time.monotonic() + SHORT_S)
        accepted, _ = listener.accept()
        with accepted:
            assert f"\r\nHost: [::1]:{address[1]}\r\n".encode() in accepted.recv(4096)


def test_a_server_that_is_not_ours_must_be_there() -> None:
    began = time.monotonic()
    with refusing() as nobody, pytest.raises(NobodyListensError, match="refused"):
        probe([nobody], ROOT, None, any_response=True, deadline=began + LONG_S)
    assert time.monotonic() - began < LONG_S / 2


def test_an_error_at_the_deadline_if_no_address_accepts(guarded: Guarded) -> None:
    process = guarded("import signal; signal.pause()")
    with refusing() as nobody, pytest.raises(ServerStartError, match=r"\(.*refused\)"):
        probe(
            [("::1", nobody[1]), nobody],
            ROOT,
            process,
            any_response=True,
            deadline=time.monotonic() + SHORT_S,
        )


def test_a_stream_without_an_event_is_said() -> None:
    with (
        serve(streams(EVENTS, b": hi\n\n", every_s=0.01)) as server,
        pytest.raises(ServerStartError, match=r"^GET /events got no response in time \(no event"),
    ):
        send(server, STREAM, within_s=SHORT_S)


# Over TLS.


def test_the_probe_speaks_tls(route: Route, tls: ssl.SSLContext) -> None:
    with serve(always(OK), tls=tls) as server:
        assert send(server, route=route).status == 200
        assert server.requests == [ROOT.encode("{}:{}".format(*server.address))]


def test_a_redirect_over_tls_is_not_told_to_use_tls(route: Route, tls: ssl.SSLContext) -> None:
    redirect = answer("301 Moved Permanently", b"", "Location: https://www.shop.example/")
    with serve(always(redirect), tls=tls) as server, pytest.raises(ProbeError) as error:
        send(server, route=route)
    assert "--djworkers-tls" not in str(error.value)


async def speaks_http(peer: Peer) -> None:
    """Respond to a handshake in plain HTTP."""
    await peer.some()
    await peer.send(OK)


async def refuses_handshakes(peer: Peer) -> None:
    """Respond to a handshake with an alert."""
    await peer.some()
    await peer.send(TLS_ALERT)


@pytest.mark.parametrize(
    ("behave", "is_tls", "said"),
    [
        (always(OK), True, "certificate): it must be signed by an authority that this system"),
        (speaks_http, False, "the server seems to speak plain HTTP"),
        (refuses_handshakes, False, "got no TLS handshake ("),
    ],
)
def test_a_failed_handshake_is_described_at_once(
    behave: Behaviour, is_tls: bool, said: str, tls: ssl.SSLContext
) -> None:
    route = Route(Trust(name=LOCAL))
    with serve(behave, tls=tls if is_tls else None) as server, pytest.raises(ProbeError) as error:
        send(server, route=route)
    assert said in str(error.value)


def test_a_server_that_asks_for_a_clients_certificate_is_not_waited_for(
    route: Route, tls: ssl.SSLContext
) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server((LOCAL, 0))

    def refuse() -> None:
        accepted, _ = listener.accept()
        with tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False) as end:
            with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
                end.do_handshake()
            is_over.wait(LONG_S)

    is_over = threading.Event()
    refusal = threading.Thread(target=refuse)
    refusal.start()
    said = "got an error of TLS .*CERTIFICATE_REQUIRED"
    with listener, pytest.raises(ProbeError, match=said):
        probe(
            [listener.getsockname()],
            ROOT,
            None,
            any_response=False,
            deadline=time.monotonic() + LONG_S / 5,
            route=route,
        )
    is_over.set()
    refusal.join()


async def ends_handshakes(peer: Peer) -> None:
    """Read the client's first words, and close."""
    await peer.some()


def test_a_server_of_ours_that_ends_each_handshake_is_given_up(
    process: GuardedProcess, route: Route
) -> None:
    said = "in the TLS handshake, 5 times in a row"
    with serve(ends_handshakes) as server, pytest.raises(ProbeError, match=said):
        send(server, process=process, route=route)
