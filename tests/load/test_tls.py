"""Bursts over TLS, at servers that speak it well, badly and not at all."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.load.agent_job import AgentJob
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.pool import Pool
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.route import PLAIN, Route, Trust
from pytest_djworkers.load.tls import TlsClient
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.server.certificate import make_certificate
from tests.support.fault_server import (
    LOCAL,
    Peer,
    always,
    answer,
    deaf,
    serve,
)
from tests.support.firing import classes, fire
from tests.support.profiles import ROOT, make_profile

OK = answer()
RECORD = 16_384


def test_requests_over_tls_are_those_without_it(route: Route, tls: ssl.SSLContext) -> None:
    with serve(always(OK), tls=tls) as server:
        report = fire(server.address, route=route)
    assert classes(report) == {"ok"}
    assert report.opened == 4
    assert {*server.requests} == {ROOT.encode("{}:{}".format(*server.address))}


@pytest.mark.parametrize("size", [RECORD - 200, RECORD, 40 * RECORD, 65_536])
def test_responses_of_many_records_are_read_to_their_end(
    size: int, route: Route, tls: ssl.SSLContext
) -> None:
    with serve(always(answer(body=b"x" * size)), tls=tls) as server:
        report = fire(server.address, route=route, timeout_s=5)
    assert classes(report) == {"ok"}
    assert [length for length, _ in report.counts.sizes] == [pytest.approx(size, rel=0.01)]


def test_large_requests_are_sent_to_their_end(route: Route, tls: ssl.SSLContext) -> None:
    large = SentRequest("/", "POST", body=bytes(range(256)) * 4096)
    with serve(always(OK), tls=tls) as server:
        report = fire(server.address, large, route=route, timeout_s=5)
    assert classes(report) == {"ok"}
    assert {*server.requests} == {large.encode("{}:{}".format(*server.address))}


def test_a_server_that_closes_each_connection(route: Route, tls: ssl.SSLContext) -> None:
    closing = answer("200 OK", b"ok", "Connection: close")

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(closing)

    with serve(behave, tls=tls) as server:
        report = fire(server.address, route=route)
    assert classes(report) == {"ok"}
    # Each has a handshake, which is a part of its time.
    assert report.reconnects >= report.counts.ok - report.requested


async def cut_off(peer: Peer) -> None:
    """Read a request, and end the connection without a word of TLS."""
    await peer.request()
    peer.end()


@pytest.mark.parametrize("first", [0, 1], ids=["at once", "later"])
def test_the_end_of_the_connection_below_tls_is_its_end(
    first: int, route: Route, tls: ssl.SSLContext
) -> None:
    async def behave(peer: Peer) -> None:
        for _ in range(first):
            await peer.request()
            await peer.send(OK)
        await cut_off(peer)

    with serve(behave, tls=tls) as server:
        report = fire(server.address, route=route)
    assert report.counts.error_kinds.keys() == {"closed early"}
    assert report.resent == 0


async def answers_and_cuts_off(peer: Peer) -> None:
    """Respond, and end the connection below TLS at once."""
    await peer.request()
    await peer.send(OK)
    peer.end()


def test_a_request_that_crosses_the_close_is_sent_again(route: Route, tls: ssl.SSLContext) -> None:
    with serve(answers_and_cuts_off, tls=tls) as server:
        report = fire(server.address, route=route)
    assert classes(report) == {"ok"}
    assert report.resent == report.closed_idle > 0


@pytest.mark.parametrize("size", [1, RECORD, RECORD + 1, 10 * RECORD])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_is_sent_is_at_least_as_long_as_is_thought(
    size: int, version: ssl.TLSVersion, route: Route, tls: ssl.SSLContext
) -> None:
    assert route.trust is not None
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = route.trust.client_context()
    context.maximum_version = version
    client = context.wrap_bio(to_client, to_server, server_hostname=LOCAL)
    server = tls.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server) * 3:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    to_server.read()
    assert client.write(b"x" * size) == size
    assert (
        size < TlsClient(route.trust).encrypted_size(size) <= to_server.pending <= size * 1.01 + 40
    )


def test_a_server_without_tls(route: Route) -> None:
    async def behave(peer: Peer) -> None:
        await peer.some()
        await peer.send(answer("400 Bad Request"))

    with serve(behave) as server:
        report = fire(server.address, route=route)
    assert report.counts.error_kinds.keys() == {"TLS handshake failed"}
    assert report.opened == 0


def test_a_server_that_ends_the_handshake(route: Route) -> None:
    async def behave(peer: Peer) -> None:
        await peer.some()

    with serve(behave) as server:
        report = fire(server.address, route=route)
    assert report.counts.error_kinds.keys() == {"TLS handshake failed"}


@pytest.mark.parametrize("name", ["another.example", LOCAL])
def test_another_certificate_is_refused(
    name: str, route: Route, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    assert route.trust is not None
    other = make_certificate(tmp_path, LOCAL).route.trust
    assert other is not None
    trust = other if name == LOCAL else replace(route.trust, name=name)
    with serve(always(OK), tls=tls) as server:
        report = fire(server.address, route=Route(trust))
    assert report.counts.error_kinds.keys() == {"certificate refused"}


def test_without_an_authority_the_systems_are_trusted(tls: ssl.SSLContext) -> None:
    with serve(always(OK), tls=tls) as server:
        report = fire(server.address, route=Route(Trust(name=LOCAL)))
    assert report.counts.error_kinds.keys() == {"certificate refused"}


def test_a_certificate_for_another_name_will_do_if_none_is_asked_for(
    route: Route, tls: ssl.SSLContext
) -> None:
    assert route.trust is not None
    with serve(always(OK), tls=tls) as server:
        report = fire(server.address, route=Route(replace(route.trust, name="")))
    assert classes(report) == {"ok"}


def test_bytes_that_are_no_tls_end_the_connection(route: Route, tls: ssl.SSLContext) -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        # Around TLS.
        os.write(peer._transport.get_extra_info("socket").fileno(), OK)
        await peer.hang()

    with serve(behave, tls=tls) as server:
        report = fire(server.address, route=route)
    assert report.counts.error_kinds.keys() == {"TLS error"}


def test_a_handshake_that_never_ends_leaves_requests_unanswered(route: Route) -> None:
    with deaf(64) as address:
        report = fire(address, route=route, timeout_s=0.1)
    assert classes(report) == {"unanswered"}
    assert report.opened == 0


def test_opening_ends_when_the_server_does_no_more_handshakes(
    route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_djworkers.load.pool._STALLED_AFTER_S", 0.1)

    async def opened(address: tuple[str, int]) -> tuple[int, float]:
        pool = Pool(make_profile(), address, 4, route=route)
        began = time.monotonic()
        try:
            return await pool.open(60.0), time.monotonic() - began
        finally:
            pool.close()

    with deaf(64) as address:
        count, took_s = asyncio.run(opened(address))
    assert count == 0
    assert took_s < 30


FULL = ssl.SSLWantWriteError(ssl.SSL_ERROR_WANT_WRITE, "full")
BROKEN = ssl.SSLError(ssl.SSL_ERROR_SSL, "broken")


@pytest.mark.parametrize(
    ("call", "error", "kinds"),
    [
        ("do_handshake", FULL, set()),
        ("send", FULL, set()),
        ("read", FULL, set()),
        ("send", BROKEN, {"TLS error"}),
        ("read", BROKEN, {"TLS error"}),
    ],
)
def test_calls_that_must_wait_are_tried_again_and_others_are_errors(
    call: str,
    error: ssl.SSLError,
    kinds: set[str],
    route: Route,
    tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = getattr(ssl.SSLSocket, call)
    failed: set[int] = set()

    def fails_at_first(sock: ssl.SSLSocket, *arguments: Any) -> Any:
        if sock.fileno() not in failed:
            failed.add(sock.fileno())
            raise error
        return real(sock, *arguments)

    monkeypatch.setattr(ssl.SSLSocket, call, fails_at_first)
    with serve(always(OK), tls=tls) as server:
        report = fire(server.address, route=route)
    # The first to be read are tickets for later sessions, maybe before there is a request.
    assert report.counts.error_kinds.keys() <= kinds
    assert report.counts.ok


def test_agents_get_the_certificate_and_the_time_for_handshakes(route: Route) -> None:
    job = AgentJob(make_profile(), (LOCAL, 1), "h", 2000, Share(), 1, 0.0, route=route)
    assert from_simple(to_simple(job), AgentJob) == job
    assert job.handshakes_s == 10.0
    assert replace(job, route=PLAIN).handshakes_s == 0


def test_agents_fire_over_tls(route: Route, tls: ssl.SSLContext, tmp_path: Path) -> None:
    with serve(always(OK), tls=tls) as server:
        target = Target(server.address, tmp_path, route=route)
        result = AsyncioGenerator(2).fire(make_profile(warmup_s=0.05), target)
    assert result.ok
    assert (result.unexpected, result.error, result.connections.opened) == (0, 0, 4)


@pytest.mark.skipif(find_wrk() is None, reason="wrk is not installed")
def test_wrk_fires_over_tls(route: Route, tls: ssl.SSLContext, tmp_path: Path) -> None:
    program = find_wrk()
    assert program is not None
    with serve(always(OK), tls=tls) as server:
        target = Target(server.address, tmp_path, route=route)
        profile = make_profile(connections=2, duration_s=1, warmup_s=0.1)
        result = WrkGenerator(program).fire(profile, target)
    assert result.ok
    assert (result.unexpected, result.error) == (0, 0)
