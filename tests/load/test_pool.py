"""The built-in generator against servers that do wrong: no hang, and no figure too good."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.load.profile import Request
from tests.load.fault_server import (
    Behaviour,
    Peer,
    always,
    answer,
    deaf,
    eventually,
    hangs,
    in_turn,
    once,
    refusing,
    serve,
    streams,
    trickles,
)
from tests.load.firing import classes, fire, sent
from tests.load.making import ROOT

OK = answer()
HEAD = Request("/", "HEAD")
POST = Request("/", "POST", body=b"body")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
UNFRAMED = b"HTTP/1.1 200 OK\r\n\r\n"


def with_length(length: str) -> bytes:
    """An answer with a body of two bytes, and this for a length."""
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nok".encode()


@dataclass(frozen=True)
class Row:
    """What a server does, and all that a burst may then say."""

    name: str
    behave: Behaviour
    classes: str
    says: Any = "200"
    """The statuses of the answers that came, and the kinds of the errors."""
    request: Request = ROOT


async def closes_idle(peer: Peer) -> None:
    """Close without a word after an answer, as the next request is on its way."""
    await peer.request()
    await peer.send(OK)


ROWS = [
    # Right, if unusual.
    Row("answers", always(OK), "ok"),
    Row("chunked", always(CHUNKED + b"2\r\nok\r\n0\r\n\r\n"), "ok"),
    Row("trailers", always(CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"), "ok"),
    Row("100-continue", always(CONTINUE + OK), "ok"),
    Row("204", always(b"HTTP/1.1 204 No Content\r\n\r\n"), "ok", "204"),
    Row("204 with a length", always(answer("204 No Content", b"")), "ok", "204"),
    Row("304", always(b"HTTP/1.1 304 N\r\n\r\n"), "ok", "304", Request("/", expect=(304,))),
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
    Row("closes idle connections", closes_idle, "ok"),
    # Complete answers that nobody wanted.
    Row("redirects", always(answer("302 Found", b"", "Location: /login")), "unexpected", "302"),
    Row("fails", always(answer("500 Oh")), "unexpected", "500"),
    Row("200 where 404 is wanted", always(OK), "unexpected", request=Request("/", expect=(404,))),
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
    Row("two answers", always(OK + OK), "error", "unasked answer"),
    Row("an answer and a half", always(OK + OK[:9]), "error", "unasked answer"),
    Row("a body for HEAD", always(OK), "error", "unasked answer", HEAD),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_request_is_in_its_class(row: Row) -> None:
    with serve(row.behave) as server:
        timeout_s = 0.1 if row.classes == "unanswered" else 5
        report = fire(server.address, row.request, timeout_s=timeout_s, duration_s=0.25)
        # The end of the window finds some on a connection that does not stand yet.
        unseen = report.in_flight if server.connections > report.asked else 0
        assert eventually(lambda: len(server.requests) >= sent(report) - unseen)
    assert len(server.requests) <= sent(report)
    assert {*server.requests} == {row.request.encode("{}:{}".format(*server.address))}
    assert classes(report) == set(row.classes.split())
    assert " ".join([*report.statuses, *report.error_kinds]) == row.says
    assert report.opened == report.asked


def test_refused_connections_are_errors_and_tried_again() -> None:
    with refusing() as address:
        report = fire(address, duration_s=0.35)
    assert classes(report) == {"error"}
    assert report.error_kinds.keys() == {"refused"}
    assert report.error >= 2 * report.asked
    assert (report.opened, report.served) == (0, 0)


def test_a_server_that_never_accepts_leaves_requests_unanswered() -> None:
    with deaf(backlog=128) as address:
        report = fire(address, timeout_s=0.1, duration_s=0.3)
    assert (report.unanswered, report.opened, report.served) == (4, 4, 0)
    assert sent(report) == 4


def test_a_full_backlog_leaves_requests_unanswered_before_they_are_sent() -> None:
    with deaf(backlog=0) as address:
        report = fire(address, timeout_s=0.1, duration_s=0.3, connections=8)
    assert report.opened < 8
    assert (report.unanswered, sent(report)) == (8, 8)


@pytest.mark.parametrize(("timeout_s", "where"), [(0.1, "unanswered"), (5, "in_flight")])
def test_an_unanswered_request_counts_at_its_age_once_it_is_older_than_the_timeout(
    timeout_s: float, where: str
) -> None:
    with serve(hangs) as server:
        report = fire(server.address, timeout_s=timeout_s, duration_s=0.3)
    assert getattr(report, where) == sent(report) == 4
    assert all(100_000 < age < 300_000 * 1.001 for age, _ in report.latency)


def test_late_answers_are_requests_at_their_true_latency() -> None:
    with serve(always(OK, after_s=0.15)) as server:
        report = fire(server.address, timeout_s=0.1, duration_s=0.5)
    assert report.late
    assert classes(report) <= {"late", "unanswered"}
    assert all(latency >= 150_000 * 0.99 for latency, _ in report.latency)


def test_what_is_answered_before_the_window_is_outside_of_it() -> None:
    with serve(always(OK)) as server:
        report = fire(server.address, warmup_s=0.2, duration_s=0.1)
    assert report.outside
    assert report.ok
    assert sent(report) == len(server.requests)


def test_a_request_of_the_warm_up_that_is_answered_in_the_window_is_the_windows() -> None:
    with serve(always(OK, after_s=0.3)) as server:
        report = fire(server.address, warmup_s=0.1, duration_s=0.9)
    assert report.outside == 0
    assert report.ok >= 4
    assert all(latency >= 300_000 * 0.99 for latency, _ in report.latency)


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
        report = fire(server.address, warmup_s=0.1, duration_s=0.0, drain_s=10)
        assert report.outside == sent(report) == answered == len(server.requests) >= 4


def test_draining_ends_in_time() -> None:
    with serve(hangs) as server:
        report = fire(server.address, warmup_s=0.1, duration_s=0.0, drain_s=0.1)
    assert report.in_flight == sent(report) == 4


def serves_then(count: int, end: Behaviour) -> Behaviour:
    """Answer so many requests of each connection, and read one more before this."""

    async def behave(peer: Peer) -> None:
        for _ in range(count):
            await peer.request()
            await peer.send(OK)
        await peer.request()
        await end(peer)

    return behave


async def closes(peer: Peer) -> None:
    """End the connection."""


async def resets(peer: Peer) -> None:
    """End the connection, rudely."""
    peer.reset()


async def closes_late(peer: Peer) -> None:
    """End the connection when the request is late already."""
    await peer.pause(0.15)


async def breaks_off(peer: Peer) -> None:
    """End the connection in an answer."""
    await peer.send(OK[:20])


@pytest.mark.parametrize("end", [closes, resets])
def test_a_connection_closed_as_idle_is_opened_again_and_the_request_repeated(
    end: Behaviour,
) -> None:
    with serve(serves_then(3, end)) as server:
        report = fire(server.address)
    assert classes(report) == {"ok"}
    assert report.closed_idle
    assert server.connections > report.asked


@pytest.mark.parametrize(
    ("end", "kind", "request_", "timeout_s"),
    [
        (closes, "closed early", POST, 5),
        (resets, "reset", POST, 5),
        (closes_late, "closed early", ROOT, 0.1),
        (breaks_off, "closed early", ROOT, 5),
    ],
    ids=["may change something", "may change something, reset", "late already", "answer begun"],
)
def test_a_request_is_not_repeated_where_that_would_hide_or_change_something(
    end: Behaviour, kind: str, request_: Request, timeout_s: float
) -> None:
    with serve(serves_then(1, end)) as server:
        report = fire(server.address, request_, timeout_s=timeout_s, duration_s=0.5)
    assert report.error_kinds.keys() == {kind}
    assert report.closed_idle == 0


def test_a_repeated_request_is_as_old_as_its_first_try() -> None:
    async def slow_to_close(peer: Peer) -> None:
        await peer.pause(0.1)

    with serve(serves_then(1, slow_to_close)) as server:
        report = fire(server.address, connections=1, duration_s=1)
    assert report.closed_idle
    assert max(latency for latency, _ in report.latency) >= 100_000 * 0.99


def test_a_large_body_arrives_whole() -> None:
    large = Request("/", "POST", body=bytes(range(256)) * 20_000)
    with serve(always(OK)) as server:
        report = fire(server.address, large, connections=2, duration_s=0.5)
        assert eventually(lambda: len(server.requests) >= report.ok > 0)
        payload = large.encode("{}:{}".format(*server.address))
        assert all(request == payload for request in server.requests)
    assert classes(report) == {"ok"}


@pytest.mark.parametrize("then", [hangs, closes, resets])
def test_an_answer_to_a_body_that_is_not_read_to_its_end_counts_as_what_it_is(
    then: Behaviour,
) -> None:
    async def refuses(peer: Peer) -> None:
        await peer.some()
        peer.read_no_more()
        await peer.send(answer("413 Too Large", b"no"))
        await then(peer)

    with serve(refuses) as server:
        report = fire(server.address, Request("/", "POST", body=b"x" * 20_000_000))
    assert report.statuses.keys() == {"413"}
    assert server.connections > report.asked


def test_a_server_that_closes_at_once_is_all_errors() -> None:
    with serve(closes) as server:
        report = fire(server.address)
    assert classes(report) == {"error"}
    assert report.error_kinds.keys() <= {"closed early", "reset"}


@pytest.mark.parametrize("greeting", [OK, OK[:9]])
def test_what_a_server_says_before_it_is_asked_is_not_waited_for(greeting: bytes) -> None:
    async def greets(peer: Peer) -> None:
        await peer.send(greeting)
        await always(OK)(peer)

    with serve(greets) as server:
        report = fire(server.address)
        # Nobody can tell a greeting from the answer to a request that is sent meanwhile.
        assert report.ok <= len(server.requests) + server.connections


@contextmanager
def descriptors_below(limit: int) -> Iterator[None]:
    """This process opens none from that number on."""
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
    assert report.error_kinds.keys() == {"no free descriptor"}
    assert 0 < report.opened == report.unanswered < limit
