"""Bursts at servers with faults neither hang nor have figures that are too good."""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.pool import Pool
from pytest_djworkers.load.profile import Part, Profile, SentRequest
from pytest_djworkers.load.response_gaps import longest_common_ns
from tests.support.fault_server import (
    Behaviour,
    Peer,
    always,
    answer,
    closes,
    deaf,
    eventually,
    hangs,
    in_turn,
    once,
    refusing,
    resets,
    serve,
)
from tests.support.faults import CHUNKED, OK, ROWS, Row
from tests.support.firing import classes, fire, fire_profile, sent
from tests.support.profiles import ROOT, make_profile


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_request_is_in_its_class(row: Row) -> None:
    with serve(row.behave) as server:
        timeout_s = 0.1 if row.classes == "unanswered" else 5
        report = fire(server.address, row.request, timeout_s=timeout_s, duration_s=0.25)
        # The end of the window finds some on a connection that does not stand yet.
        unseen = report.counts.in_flight if server.connections > report.requested else 0
        assert eventually(lambda: len(server.requests) >= sent(report) - unseen)
    assert len(server.requests) <= sent(report)
    assert {*server.requests} == {row.request.encode("{}:{}".format(*server.address))}
    assert classes(report) == set(row.classes.split())
    assert " ".join([*map(str, report.counts.statuses), *report.counts.error_kinds]) == row.says
    assert report.opened == report.requested


def test_one_request_in_many_without_a_response_is_counted() -> None:
    async def forgets(peer: Peer) -> None:
        for count in range(50):
            await peer.request()
            if count < 49:
                await peer.send(OK)
        await peer.hang()

    with serve(forgets) as server:
        report = fire(server.address, connections=1, timeout_s=0.1, duration_s=0.6)
    assert (report.counts.ok, report.counts.unanswered) == (49, 1)
    assert sum(count for age, count in report.counts.latency if age > 100_000) == 1


def test_one_error_in_a_hundred_responses_is_counted() -> None:
    with serve(in_turn(*[OK] * 99, answer("500 Oh"))) as server:
        report = fire(server.address, connections=1, duration_s=0.5)
    assert classes(report) == {"ok", "unexpected"}
    assert report.counts.unexpected == sum(count // 100 for count in report.per_connection)


def test_stalls_of_a_server_are_in_its_gaps_and_latencies() -> None:
    def stall_of(beginning: float) -> bool:
        return int((time.monotonic() - beginning) * 10) % 4 == 3

    beginning = time.monotonic()

    async def stalls(peer: Peer) -> None:
        while True:
            await peer.request()
            while stall_of(beginning):
                await peer.pause(0.005)
            await peer.send(OK)

    with serve(stalls) as server:
        report = fire(server.address, duration_s=1.2)
    assert classes(report) == {"ok"}
    assert longest_common_ns([report.gaps]) >= 90_000_000
    assert max(latency for latency, _ in report.counts.latency) >= 90_000


def test_a_server_that_dies_and_comes_back_is_connected_to_again() -> None:
    with refusing() as address:
        pass
    burst = ThreadPoolExecutor(1).submit(fire, address, duration_s=1.5)
    with serve(always(OK), address):
        assert eventually(lambda: burst.running())
        with suppress(TimeoutError):
            burst.result(timeout=0.4)
    with suppress(TimeoutError):
        burst.result(timeout=0.3)
    with serve(always(OK), address) as again:
        report = burst.result()
        assert again.requests
    assert classes(report) == {"ok", "error"}
    assert report.counts.error_kinds.keys() <= {"refused", "reset", "closed early"}


@pytest.mark.parametrize("server_says", ["Connection: close", "X: y"])
def test_servers_that_close_each_connection_are_told_by_their_reconnects(server_says: str) -> None:
    behave = (once if "close" in server_says else always)(answer("200 OK", b"ok", server_says))
    with serve(behave) as server:
        report = fire(server.address)
    assert classes(report) == {"ok"}
    assert (2 * report.reconnects > report.counts.ok) is ("close" in server_says)


# Bodies.


@pytest.mark.parametrize("cut", [b"", b"100\r\n"])
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_without_the_bytes_that_it_should_contain_is_unexpected(
    framing: str, cut: bytes
) -> None:
    body = b"a login page" + cut
    good, bad = answer("200 OK", b"the right page" + cut), answer("200 OK", body)
    if framing == "chunks":
        good, bad = (
            CHUNKED + b"3\r\nthe\r\n6\r\n right\r\n5\r\n page\r\n0\r\n\r\n",
            CHUNKED + b"c\r\na login page\r\n0\r\n\r\n",
        )
    with serve(in_turn(good, bad)) as server:
        report = fire(server.address, SentRequest("/", contains=b"right page"))
    assert classes(report) == {"ok", "unexpected"}
    assert report.counts.wrong_bodies == report.counts.unexpected
    assert abs(report.counts.ok - report.counts.unexpected) <= report.requested
    assert report.counts.statuses.keys() == {200}


def test_a_server_that_lingers_until_its_client_has_closed_does_not_wait() -> None:
    """gunicorn's sync worker, since version 26, for up to 2 s and one connection at a time."""
    alone = asyncio.Lock()

    async def lingers(peer: Peer) -> None:
        async with alone:
            await peer.request()
            await peer.send(answer("200 OK", b"ok", "Connection: close"))
            await peer.hang()

    with serve(lingers) as server:
        report = fire(server.address, duration_s=0.5)
    assert classes(report) == {"ok"}
    assert report.served == report.requested
    assert report.counts.ok > 10


# Fixed rates.


def test_a_fixed_rate_is_kept_whatever_the_server_takes() -> None:
    with serve(always(OK, after_s=0.05)) as server:
        report = fire(server.address, rate=100, connections=20, warmup_s=0.1, duration_s=0.5)
    assert classes(report) == {"ok"}
    assert sent(report) == 60
    assert 10 <= report.counts.ok <= 60
    assert all(latency >= 50_000 * 0.99 for latency, _ in report.counts.latency)


def test_a_stall_is_seen_by_every_request_that_was_due_in_it() -> None:
    stalled = False

    async def stalls_once(peer: Peer) -> None:
        nonlocal stalled
        while True:
            await peer.request()
            if not stalled and len(server.requests) > 20:
                stalled = True
                await peer.pause(0.4)
            await peer.send(OK)

    with serve(stalls_once) as server:
        report = fire(server.address, rate=100, connections=1, duration_s=1, timeout_s=0.25)
    assert sent(report) == 100
    # Of the 40 that were due, some 25 waited less than the timeout and 15 longer.
    assert report.counts.late >= 10
    assert sum(count for latency, count in report.counts.latency if latency > 20_000) >= 30
    assert max(report.outstanding) >= 25
    assert report.outstanding[-1] < max(report.outstanding)


def test_requests_pile_up_at_a_rate_that_the_server_cannot_keep() -> None:
    with serve(always(OK, after_s=0.1)) as server:
        report = fire(server.address, rate=100, connections=2, duration_s=1, timeout_s=0.2)
    assert sent(report) == 100
    assert 4 <= report.counts.ok + report.counts.late <= 20
    assert report.counts.unanswered >= 50
    assert report.outstanding[0] < report.outstanding[4] < report.outstanding[-1]
    assert len(server.requests) <= 22


def test_connections_take_turns_at_a_fixed_rate() -> None:
    with serve(always(OK)) as server:
        report = fire(server.address, rate=200, connections=8, duration_s=0.5)
    assert report.served == 8
    assert max(report.per_connection) - min(report.per_connection) <= 2


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_request_is_in_its_class_at_a_fixed_rate_too(row: Row) -> None:
    timeout_s = 0.1 if row.classes == "unanswered" else 5
    with serve(row.behave) as server:
        report = fire(server.address, row.request, rate=40, timeout_s=timeout_s, duration_s=0.5)
    assert sent(report) == 20
    assert classes(report) <= set(row.classes.split())
    assert classes(report) or row.classes == "ok unexpected"


def test_refused_connections_are_errors_at_a_fixed_rate() -> None:
    with refusing() as address:
        report = fire(address, rate=100, duration_s=0.3)
    # The last of them may still be connecting when the window ends.
    assert report.counts.error + report.counts.in_flight == sent(report) == 30
    assert report.counts.error
    assert report.counts.error_kinds.keys() == {"refused"}


def test_a_rate_with_more_due_requests_than_are_sent_at_once_is_kept() -> None:
    with serve(always(OK)) as server:
        # More are due than go out at once by the time that 600 connections have been given theirs.
        report = fire(server.address, rate=4e6, connections=600, duration_s=0.0005, timeout_s=9)
    assert sent(report) == 2000


def test_connections_that_are_not_open_yet_take_part_in_a_fixed_rate_when_they_are() -> None:
    with deaf(backlog=0) as address:
        report = fire(address, rate=100, connections=6, timeout_s=0.1, duration_s=0.4)
    assert 0 < report.opened < 6
    assert (sent(report), report.counts.ok) == (40, 0)
    assert report.counts.unanswered >= 25


@pytest.mark.parametrize("more", [OK, OK[:9]])
def test_a_response_to_no_request_ends_its_idle_connection(more: bytes) -> None:
    async def says_more(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.pause(0.03)
        await peer.send(more)
        await peer.hang()

    with serve(says_more) as server:
        report = fire(server.address, rate=4, connections=4, duration_s=1.5)
        assert server.connections > report.requested
    assert classes(report) == {"ok"}


def test_a_burst_that_is_broken_off_leaves_no_alarm_behind() -> None:
    async def broken_off() -> None:
        # The second request is due after 1 s, when a slow machine has broken off as well.
        pool = Pool(make_profile(rate=1.0, duration_s=9), server.address, 4)
        await pool.open(5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.fire(time.monotonic_ns()), 0.1)
        pool.close()
        assert not server.requests[1:]

    with serve(always(OK)) as server:
        asyncio.run(broken_off())


class Trouble:
    """A system call that fails every third time, for the first time at this number."""

    def __init__(self, call: Callable[..., Any], error: OSError, first: int) -> None:
        self._call = call
        self._error = error
        self._left = first

    def __call__(self, data: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self._left = 3
            raise self._error
        return self._call(data)


AGAIN = BlockingIOError(11, "again")
PIPE = BrokenPipeError(32, "pipe")

MakeTrouble = Callable[[str, OSError, int], None]


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> MakeTrouble:
    """A function that makes a call of every socket fail now and then."""
    attach = Connection.attach

    def make(call: str, error: OSError, first: int) -> None:
        def with_trouble(connection: Connection, sock: socket.socket) -> None:
            attach(connection, sock)
            setattr(connection, call, Trouble(getattr(connection, call), error, first))

        monkeypatch.setattr(Connection, "attach", with_trouble)

    return make


@pytest.mark.parametrize("call", ["send", "receive"])
@pytest.mark.parametrize("error", [AGAIN, PIPE])
def test_calls_that_fail_are_tried_again_or_end_the_connection(
    call: str, error: OSError, trouble: MakeTrouble
) -> None:
    trouble(call, error, 3)
    with serve(always(OK)) as server:
        report = fire(server.address)
    # A request that was sent and not answered may have been read; one that was not can't.
    lost = error is PIPE and call == "receive"
    assert classes(report) == ({"ok", "error"} if lost else {"ok"})
    assert bool(report.resent) is (error is PIPE and call == "send")


@pytest.mark.parametrize("call", ["send", "receive"])
@pytest.mark.parametrize("error", [AGAIN, PIPE])
def test_calls_of_a_mix_that_fail_are_tried_again_likewise(
    call: str, error: OSError, trouble: MakeTrouble
) -> None:
    trouble(call, error, 3)
    parts = (Part("a", (ROOT,)), Part("b", (SentRequest("/b"),)))
    shape = make_profile(duration_s=0.3, connections=4).shape
    with serve(always(OK)) as server:
        report = fire_profile(server.address, Profile.of_parts("mix", parts, shape))
    lost = error is PIPE and call == "receive"
    assert classes(report) == ({"ok", "error"} if lost else {"ok"})
    assert bool(report.resent) is (error is PIPE and call == "send")


@pytest.mark.parametrize("call", ["send", "receive"])
@pytest.mark.parametrize(("error", "found"), [(AGAIN, "ok"), (PIPE, "error")])
def test_a_new_connections_first_call_that_fails_is_tried_again_or_an_error(
    call: str, error: OSError, found: str, trouble: MakeTrouble
) -> None:
    trouble(call, error, 1)
    with serve(always(OK)) as server:
        report = fire(server.address)
    assert classes(report) == {found}
    assert set(report.counts.error_kinds) <= {"reset"}


def test_an_address_that_cannot_be_reached_is_an_error_of_its_own() -> None:
    # A multicast address: the system refuses to connect at once.
    report = fire(("224.0.0.1", 9), duration_s=0.15)
    assert report.counts.error_kinds.keys() == {"connect failed"}


def test_only_so_many_connections_are_opening_at_once_as_a_backlog_holds() -> None:
    connecting: list[int] = []

    async def opened() -> int:
        pool = Pool(make_profile(connections=60), server.address, 60)
        begin = pool._sockets.connect

        def connect(connection: Connection) -> str | None:
            failure = begin(connection)
            every = pool._connections
            connecting.append(sum(other.state is State.CONNECTING for other in every))
            return failure

        pool._sockets.connect = connect  # type: ignore[method-assign]  # counts
        try:
            return await pool.open(10, at_once=4)
        finally:
            pool.close()

    with serve(always(OK)) as server:
        assert asyncio.run(opened()) == 60
    assert max(connecting) == 4


def test_a_response_with_a_known_head_is_still_read_to_its_end() -> None:
    async def halves(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(OK)
            await peer.request()
            await peer.send(OK[:-1])
            await peer.pause(0.02)
            await peer.send(OK[-1:])

    with serve(halves) as server:
        report = fire(server.address)
    assert classes(report) == {"ok"}
    slow = sum(count for latency, count in report.counts.latency if latency >= 20_000)
    assert slow >= report.counts.ok // 3


def test_refused_connections_are_errors_and_tried_again() -> None:
    with refusing() as address:
        report = fire(address, duration_s=0.35)
    assert classes(report) == {"error"}
    assert report.counts.error_kinds.keys() == {"refused"}
    assert report.counts.error >= 2 * report.requested
    assert (report.opened, report.served) == (0, 0)


def test_a_server_that_never_accepts_leaves_requests_unanswered() -> None:
    with deaf(backlog=128) as address:
        report = fire(address, timeout_s=0.1, duration_s=0.3)
    assert (report.counts.unanswered, report.opened, report.served) == (4, 4, 0)
    assert sent(report) == 4


def test_a_full_backlog_leaves_requests_unanswered_before_they_are_sent() -> None:
    with deaf(backlog=0) as address:
        report = fire(address, timeout_s=0.1, duration_s=0.3, connections=8)
    assert report.opened < 8
    assert (report.counts.unanswered, sent(report)) == (8, 8)


@pytest.mark.parametrize(("timeout_s", "where"), [(0.1, "unanswered"), (5, "in_flight")])
def test_an_unanswered_request_counts_at_its_age_once_it_is_older_than_the_timeout(
    timeout_s: float, where: str
) -> None:
    with serve(hangs) as server:
        report = fire(server.address, timeout_s=timeout_s, duration_s=0.3)
    assert getattr(report.counts, where) == sent(report) == 4
    assert all(100_000 < age < 300_000 * 1.001 for age, _ in report.counts.latency)


def test_late_responses_are_requests_at_their_true_latency() -> None:
    with serve(always(OK, after_s=0.15)) as server:
        report = fire(server.address, timeout_s=0.1, duration_s=0.5)
    assert report.counts.late
    assert classes(report) <= {"late", "unanswered"}
    # Those that the end of the window found older than the timeout count at their age.
    shorter = sum(count for latency, count in report.counts.latency if latency < 150_000 * 0.99)
    assert shorter <= report.counts.unanswered


def test_responses_before_the_window_are_outside_of_it() -> None:
    with serve(always(OK)) as server:
        report = fire(server.address, warmup_s=0.2, duration_s=0.1)
    assert report.counts.outside
    assert report.counts.ok
    assert sent(report) == len(server.requests)


def test_a_response_in_the_window_to_a_request_of_the_warm_up_is_the_windows() -> None:
    with serve(always(OK, after_s=0.3)) as server:
        report = fire(server.address, warmup_s=0.1, duration_s=0.9)
    assert report.counts.outside == 0
    assert report.counts.ok >= 4
    assert all(latency >= 300_000 * 0.99 for latency, _ in report.counts.latency)


def test_draining_leaves_no_work_behind_in_the_server() -> None:
    answered = 0

    async def slow(peer: Peer) -> None:
        nonlocal answered
        while True:
            await peer.request()
            await peer.pause(0.2)
            answered += 1
            await peer.send(OK)

    with serve(slow) as server:
        report = fire(server.address, duration_s=0.1, drain_s=10)
        assert report.counts.ok == sent(report) == answered == len(server.requests) == 4
    assert (report.counts.after_window, report.counts.in_flight) == (4, 0)


def test_draining_ends_in_time() -> None:
    with serve(hangs) as server:
        report = fire(server.address, duration_s=0.1, timeout_s=0.1, drain_s=0.1)
    assert report.counts.unanswered == sent(report) == 4


def test_a_large_body_arrives_whole() -> None:
    large = SentRequest("/", "POST", body=bytes(range(256)) * 20_000)
    with serve(always(OK)) as server:
        report = fire(server.address, large, connections=2, duration_s=0.5)
        assert eventually(lambda: len(server.requests) >= report.counts.ok > 0)
        payload = large.encode("{}:{}".format(*server.address))
        assert all(request == payload for request in server.requests)
    assert classes(report) == {"ok"}


def test_large_bodies_of_a_mix_arrive_whole() -> None:
    bodies = [bytes([number]) * 5_000_000 for number in (1, 2)]
    large = [SentRequest(f"/{body[0]}", "POST", body=body) for body in bodies]
    parts = tuple(Part(request.path, (request,)) for request in large)
    shape = make_profile(duration_s=0.5, connections=2).shape
    with serve(always(OK)) as server:
        report = fire_profile(server.address, Profile.of_parts("mix", parts, shape))
        assert eventually(lambda: len(server.requests) >= report.counts.ok > 0)
        host = "{}:{}".format(*server.address)
        assert {*server.requests} == {request.encode(host) for request in large}
    assert classes(report) == {"ok"}


@pytest.mark.parametrize("then", [hangs, closes, resets])
def test_a_response_to_a_body_that_the_server_did_not_read_to_its_end_counts(
    then: Behaviour,
) -> None:
    async def refuses(peer: Peer) -> None:
        await peer.some()
        peer.read_no_more()
        await peer.send(answer("413 Too Large", b"no"))
        await then(peer)

    with serve(refuses) as server:
        report = fire(server.address, SentRequest("/", "POST", body=b"x" * 20_000_000))
    assert report.counts.statuses.keys() == {413}
    assert server.connections > report.requested


def test_a_server_that_closes_at_once_is_all_errors() -> None:
    with serve(closes) as server:
        report = fire(server.address)
    assert classes(report) == {"error"}
    assert report.counts.error_kinds.keys() <= {"closed early", "reset"}


@pytest.mark.parametrize("greeting", [OK, OK[:9]])
def test_bytes_from_a_server_before_any_request_are_no_response(greeting: bytes) -> None:
    async def greets(peer: Peer) -> None:
        await peer.send(greeting)
        await always(OK)(peer)

    with serve(greets) as server:
        report = fire(server.address)
        # Nobody can tell a greeting from the answer to a request that is sent meanwhile.
        assert report.counts.ok <= len(server.requests) + server.connections


@contextmanager
def descriptors_below(limit: int) -> Iterator[None]:
    """Let this process open no descriptors from that number on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_free_descriptor_is_an_error_of_that_name() -> None:
    with deaf(backlog=1024) as address:
        limit = 20 + max(int(fd.name) for fd in Path("/proc/self/fd").iterdir())
        with descriptors_below(limit):
            report = fire(address, connections=limit, timeout_s=0.1)
    assert report.counts.error_kinds.keys() == {"no free descriptor"}
    assert 0 < report.opened == report.counts.unanswered < limit


@pytest.mark.parametrize("warmup_s", [0.0, 0.25])
def test_a_view_that_is_slow_for_its_window_has_all_connections_at_work(warmup_s: float) -> None:
    # The window ends when nothing is due: before that, an answer that comes late by 0.35 s is still
    # in it, and behind it no request has waited for longer than any that was answered.
    duration_s = 1.15 - warmup_s
    with serve(always(OK, after_s=0.4)) as server:
        report = fire(server.address, warmup_s=warmup_s, duration_s=duration_s)
    # Four connections all the time, as closely as a busy machine answers.
    assert 0.85 <= report.in_service_s / (4 * duration_s) <= 1.15


def test_a_retry_of_an_earlier_window_leaves_a_connection_that_another_uses() -> None:
    async def retried() -> list[int]:
        pool = Pool(make_profile(), server.address, 2)
        try:
            await pool.open(5)
            pool._sender.window.is_firing = True
            for connection in pool._connections:
                pool._sender._retry(connection)
            return [connection.began_ns for connection in pool._connections]
        finally:
            pool.close()

    with serve(always(OK)) as server:
        assert asyncio.run(retried()) == [0, 0]
