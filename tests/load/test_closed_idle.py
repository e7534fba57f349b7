"""Connections that a server closes between requests, and those that it closes on one."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.load.facts import Connections
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.sockets import Sockets
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from pytest_djworkers.system.tcp_info import unacknowledged
from tests.support.fault_server import (
    LOCAL,
    Behaviour,
    Peer,
    answer,
    answers_and_closes,
    closes,
    eventually,
    resets,
    serve,
)
from tests.support.firing import classes, fire
from tests.support.profiles import ROOT, make_profile, make_result

OK = answer()
POST = SentRequest("/", "POST", body=b"body")

# What the kernel tells.


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection, as client and server have it."""
    with socket.create_server((LOCAL, 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=10)
        server, _ = listener.accept()
    with client, server:
        yield client, server


Pair = tuple[socket.socket, socket.socket]


def exchange(pair: Pair, times: int = 5) -> None:
    """Requests and their responses, as before the one that matters."""
    client, server = pair
    for _ in range(times):
        client.sendall(b"x" * 70)
        assert server.recv(99)
        server.sendall(OK)
        assert client.recv(99)


def test_a_request_after_the_close_is_not_acknowledged(pair: Pair) -> None:
    exchange(pair)
    client, server = pair
    server.close()
    client.sendall(b"x" * 70)
    assert client.recv(1) == b""
    assert unacknowledged(client) == 70


def test_a_request_that_was_read_is_acknowledged_by_the_close(pair: Pair) -> None:
    exchange(pair)
    client, server = pair
    client.sendall(b"x" * 70)
    assert server.recv(99)
    server.close()
    assert client.recv(1) == b""
    assert unacknowledged(client) == 0


def test_a_close_on_an_unread_request_is_a_reset(pair: Pair) -> None:
    exchange(pair)
    client, server = pair
    client.sendall(b"x" * 70)
    server.close()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert unacknowledged(client) in {0, 70}


def test_a_request_that_lies_unread_is_acknowledged_before_long(pair: Pair) -> None:
    exchange(pair)
    client, _ = pair
    client.sendall(b"x" * 70)
    deadline = time.monotonic() + 10
    while unacknowledged(client) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert unacknowledged(client) == 0


def test_a_socket_that_is_no_tcp_connection_has_no_acknowledgements() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        assert unacknowledged(sock) is None


def test_without_tcp_info_there_are_no_acknowledgements(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "TCP_INFO")
    assert unacknowledged(pair[0]) is None


# What a burst makes of it.


def serves_then(count: int, end: Behaviour) -> Behaviour:
    """Respond to this number of requests of each connection, read one more, and then do this."""

    async def behave(peer: Peer) -> None:
        for _ in range(count):
            await peer.request()
            await peer.send(OK)
        await peer.request()
        await end(peer)

    return behave


async def closes_after_50_ms(peer: Peer) -> None:
    """Work on the request, and end the connection."""
    await peer.pause(0.05)


async def resets_after_50_ms(peer: Peer) -> None:
    """Work on the request, and reset the connection."""
    await peer.pause(0.05)
    peer.reset()


async def closes_late(peer: Peer) -> None:
    """End the connection when the request is late already."""
    await peer.pause(0.15)


async def breaks_off(peer: Peer) -> None:
    """End the connection in the middle of a response."""
    await peer.send(OK[:20])


@dataclass(frozen=True)
class Killed:
    """A request that a server has read, and what it does instead of a response."""

    end: Behaviour
    kind: str
    request: SentRequest = ROOT
    timeout_s: float = 5


KILLED = {
    "closes at once": Killed(closes, "closed early"),
    "closes after a while": Killed(closes_after_50_ms, "closed early"),
    "resets after a while": Killed(resets_after_50_ms, "reset"),
    "closes in an answer": Killed(breaks_off, "closed early"),
    "closes, and it is late": Killed(closes_late, "closed early", timeout_s=0.1),
    "closes, and it may have changed something": Killed(closes, "closed early", POST),
    "resets, and it may have changed something": Killed(resets, "reset", POST),
}


@pytest.mark.parametrize("killed", KILLED.values(), ids=list(KILLED))
def test_a_request_that_was_read_and_got_no_response_is_an_error(killed: Killed) -> None:
    with serve(serves_then(1, killed.end)) as server:
        report = fire(server.address, killed.request, timeout_s=killed.timeout_s, duration_s=0.3)
    assert report.counts.error_kinds.keys() == {killed.kind}
    assert report.counts.error == pytest.approx(report.counts.ok, abs=2 * report.requested)
    assert (report.closed_idle, report.resent) == (0, 0)


def test_a_request_that_crosses_the_close_is_sent_again() -> None:
    with serve(answers_and_closes) as server:
        report = fire(server.address)
    assert classes(report) == {"ok"}
    assert report.resent == report.closed_idle > 0
    assert server.connections > report.requested
    counts = report.counts
    assert len(server.requests) <= counts.ok + counts.in_flight + counts.outside


async def closes_when_idle(peer: Peer) -> None:
    """Close after a response, when the client has been silent for a moment."""
    await peer.request()
    await peer.send(OK)
    await peer.pause(0.02)


def test_a_connection_that_is_closed_before_a_request_is_opened_again() -> None:
    with serve(closes_when_idle) as server:
        report = fire(server.address, rate=20, duration_s=0.6)
    assert classes(report) == {"ok"}
    assert report.closed_idle
    assert report.resent <= report.closed_idle


def test_nothing_is_sent_again_without_tcp_info(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_djworkers.load.sockets.unacknowledged", lambda _: None)
    with serve(answers_and_closes) as server:
        report = fire(server.address)
    assert report.resent == 0
    assert report.counts.error_kinds.keys() <= {"closed early", "reset"}
    assert report.counts.error


def test_a_request_that_is_sent_again_is_as_old_as_its_first_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def slow_to_close(peer: Peer) -> None:
        await peer.pause(0.1)

    monkeypatch.setattr(Sockets, "can_have_been_read", lambda *_: False)
    with serve(serves_then(1, slow_to_close)) as server:
        report = fire(server.address, connections=1, duration_s=0.5)
    assert report.resent
    assert max(latency for latency, _ in report.counts.latency) >= 100_000 * 0.99


def test_many_requests_that_are_sent_again_are_remarked_upon() -> None:
    few, many = (
        make_result(ok=1000, connections=Connections(10, resent=resent)) for resent in (10, 11)
    )
    assert few.remarks == ()
    assert many.remarks == ("11 requests sent again",)


# wrk, which sends nothing again.


@pytest.mark.matrix
@pytest.mark.skipif(find_wrk() is None, reason="wrk is not installed")
@pytest.mark.parametrize(
    "behave",
    [serves_then(1, closes), serves_then(1, closes_after_50_ms), answers_and_closes],
    ids=["read, closed at once", "read, closed after a while", "closed idle"],
)
def test_wrk_counts_each_closed_connection_as_an_error(behave: Behaviour, tmp_path: Path) -> None:
    program = find_wrk()
    assert program is not None
    with serve(behave) as server:
        profile = make_profile(connections=2, duration_s=1)
        result = WrkGenerator(program).fire(profile, Target(server.address, tmp_path))
    assert result.error_kinds.keys() == {"read"}
    assert result.error >= 0.5 * result.ok > 0


# Real servers: they close what was idle for a second, and when a worker has had enough requests.

APPS = """
def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

async def asgi(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})
"""
GUNICORN = "gunicorn -b {address} --keep-alive 1"
SERVERS = {
    "gunicorn-gthread": f"{GUNICORN} -k gthread --threads 4 apps:wsgi",
    "gunicorn-gevent": f"{GUNICORN} -k gevent apps:wsgi",
    "hypercorn": "hypercorn -b {address} --keep-alive 1 apps:asgi",
    "uvicorn": "uvicorn --port {port} --timeout-keep-alive 1 --lifespan off apps:asgi",
    "recycled": f"{GUNICORN} -k uvicorn.workers.UvicornWorker -w 2 --max-requests 300 apps:asgi",
}


@contextmanager
def running(command: str, folder: Path) -> Iterator[tuple[str, int]]:
    """The address of a server, once it accepts connections."""
    with socket.create_server((LOCAL, 0)) as free:
        address = free.getsockname()
    words = command.format(address="{}:{}".format(*address), port=address[1]).split()
    (folder / "apps.py").write_text(APPS)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, stdout=log, stderr=log
        )
    try:
        assert eventually(lambda: accepts(address)), (folder / "log").read_text()
        yield address
    finally:
        server.terminate()
        server.wait(30)


def accepts(address: tuple[str, int]) -> bool:
    """Return True if somebody listens there."""
    with socket.socket() as sock:
        return not sock.connect_ex(address)


@pytest.mark.matrix
@pytest.mark.parametrize("server", SERVERS)
def test_a_real_server_that_closes_idle_connections_makes_no_errors(
    server: str, tmp_path: Path
) -> None:
    recycles = server == "recycled"
    with running(SERVERS[server], tmp_path) as address:
        load: dict[str, Any] = {} if recycles else {"rate": 20}
        report = fire(address, connections=32, duration_s=5, **load)
    assert report.closed_idle
    assert report.counts.ok
    # A reset of a request that lay unread, and was acknowledged, can't be told from worse.
    assert report.counts.error <= (report.closed_idle / 10 if recycles else 2)
