"""Windows that follow each other on the same connections, as a comparison fires them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import pytest

from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.sockets import Sockets
from tests.support.fault_server import (
    Behaviour,
    Peer,
    always,
    answer,
    eventually,
    hangs,
    in_turn,
    once,
    refusing,
    serve,
    trickles,
)
from tests.support.firing import classes, fire_windows, sent
from tests.support.profiles import ROOT

OK = answer()
ENOUGH = EarlyClose(after_s=0.05, responses=20)


def test_each_window_has_enough_responses_and_leaves_nothing_in_flight() -> None:
    with serve(always(OK)) as server:
        reports = fire_windows(server.address, 3, ENOUGH, duration_s=9)
        assert eventually(lambda: len(server.requests) == sum(map(sent, reports)))
        assert server.connections == 4
    for report in reports:
        assert classes(report) == {"ok"}
        assert report.counts.ok >= 20
        assert 0.05 <= report.window_s < 5
        assert not report.counts.in_flight
        # Nothing is sent any more once it is closed: each of the four has one request at most.
        assert report.counts.after_window <= 4


def test_a_window_of_a_slow_view_lasts_until_it_has_enough_responses() -> None:
    with serve(always(OK, after_s=0.1)) as server:
        (report,) = fire_windows(server.address, 1, ENOUGH, duration_s=9)
    # Four at a time: the twentieth is in the fifth wave, with others where they keep no step.
    assert 20 <= report.counts.ok - report.counts.after_window < 24
    assert report.counts.after_window <= 4
    assert report.window_s >= 0.5


def test_in_a_window_of_one_wave_each_connection_sends_one_request() -> None:
    wave = EarlyClose(after_s=0.0, responses=4, one_wave=True)
    with serve(always(OK, after_s=0.1)) as server:
        reports = fire_windows(server.address, 3, wave, duration_s=9)
        assert len(server.requests) == 12
    for report in reports:
        assert (report.counts.ok, report.counts.after_window) == (4, 0)
        assert report.window_s < 5


def test_a_request_of_one_wave_that_has_no_response_is_a_timeout() -> None:
    wave = EarlyClose(after_s=0.0, responses=4, one_wave=True)
    with serve(hangs) as server:
        (report,) = fire_windows(server.address, 1, wave, duration_s=0.3, timeout_s=0.2)
    assert (report.counts.ok, report.counts.unanswered) == (0, 4)


def test_a_window_without_enough_responses_is_over_after_its_duration() -> None:
    with serve(always(OK, after_s=0.3)) as server:
        (report,) = fire_windows(server.address, 1, ENOUGH, duration_s=1)
    # Three waves of four, fewer on a busy machine, and the one that is waited for.
    assert 0 < report.counts.ok - report.counts.after_window <= 12
    assert report.counts.after_window == 4
    assert report.window_s == 1


def test_connections_that_were_closed_between_windows_are_opened_before_the_next_one() -> None:
    async def closes_when_idle(peer: Peer) -> None:
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.2):
                    await peer.request()
                await peer.send(OK)

    with serve(closes_when_idle) as server:
        reports = fire_windows(server.address, 2, ENOUGH, between_s=0.5, duration_s=9)
        assert server.connections == 8
    assert [classes(report) for report in reports] == [{"ok"}, {"ok"}]
    assert reports[1].reconnects == reports[1].closed_idle == 0


def test_a_connection_without_a_response_is_given_up() -> None:
    async def answers_once(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.hang()

    with serve(answers_once) as server:
        few = EarlyClose(after_s=0.0, responses=99)
        reports = fire_windows(server.address, 2, few, duration_s=1, timeout_s=0.5)
        assert server.connections == 8
    assert [(report.counts.ok, report.counts.unanswered) for report in reports] == [(4, 4), (4, 4)]


def test_refused_connections_are_errors_in_each_window() -> None:
    with refusing() as address:
        reports = fire_windows(address, 2, ENOUGH, duration_s=0.15)
    assert all(report.counts.error_kinds.keys() == {"refused"} for report in reports)


def test_a_server_that_closes_each_connection_is_reconnected_to() -> None:
    async def answers_and_closes(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer("200 OK", b"hello", "Connection: close"))

    with serve(answers_and_closes) as server:
        reports = fire_windows(server.address, 2, ENOUGH, duration_s=9)
    assert [classes(report) for report in reports] == [{"ok"}, {"ok"}]
    assert all(report.reconnects for report in reports)


# What is in flight when a window closes is waited for, and counts.


def after_quick_ones(end: Behaviour, *, quick: int = 3) -> Behaviour:
    """Respond at once to this number of requests of each connection, and then do this."""

    async def behave(peer: Peer) -> None:
        for _ in range(quick):
            await peer.request()
            await peer.send(OK)
        await peer.request()
        await end(peer)

    return behave


async def dies_slowly(peer: Peer) -> None:
    """End the connection long after the window."""
    await peer.pause(0.3)


async def fails_slowly(peer: Peer) -> None:
    """Respond with an error long after the window."""
    await peer.pause(0.3)
    await peer.send(answer("500 Oops"))
    await peer.hang()


@pytest.mark.parametrize(
    ("end", "counted"),
    [(dies_slowly, "error"), (fails_slowly, "unexpected"), (hangs, "unanswered")],
    ids=["ends", "500", "hangs"],
)
def test_what_goes_wrong_after_the_window_counts(end: Behaviour, counted: str) -> None:
    soon = EarlyClose(after_s=0.05, responses=12)
    for _ in range(5):
        with serve(after_quick_ones(end)) as server:
            (report,) = fire_windows(server.address, 1, soon, duration_s=0.2, timeout_s=0.5)
        # A machine that stalls can outlast the window before the quick ones are done.
        if report.counts.ok == 12:
            break
    assert (report.counts.ok, getattr(report.counts, counted)) == (12, 4)
    assert report.window_s <= 0.2
    assert not report.counts.in_flight + report.counts.outside


def test_a_connection_that_was_given_up_is_open_again_when_the_next_window_begins() -> None:
    few = EarlyClose(after_s=0.0, responses=99)
    with serve(after_quick_ones(hangs)) as server:
        reports = fire_windows(server.address, 2, few, duration_s=0.1, timeout_s=0.3)
        assert server.connections == 8
    assert [report.opened for report in reports] == [4, 4]
    assert reports[1].reconnects == 0


def test_a_request_that_crosses_the_close_is_sent_again_after_the_window_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The kernel would tell that these were read.
    monkeypatch.setattr(Sockets, "can_have_been_read", lambda *_: False)
    few = EarlyClose(after_s=0.0, responses=99)
    with serve(after_quick_ones(dies_slowly, quick=1)) as server:
        (report,) = fire_windows(server.address, 1, few, duration_s=0.15, timeout_s=2)
    assert (classes(report), report.counts.ok, report.counts.after_window) == ({"ok"}, 8, 4)
    assert report.resent == report.closed_idle == 4


# The lengths of bodies.

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
LONG = answer("200 OK", b"x" * 1500)


@dataclass(frozen=True)
class Sized:
    """Responses, and the lengths of their bodies."""

    behave: Behaviour
    lengths: set[int]
    request: SentRequest = ROOT


SIZED = {
    "the same head": Sized(always(OK), {2}),
    "two heads": Sized(in_turn(OK, LONG), {2, 1500}),
    "chunked": Sized(always(CHUNKED), {7}),
    "chunked in turn": Sized(in_turn(CHUNKED, OK, OK, LONG), {7, 2, 1500}),
    "ends with the connection": Sized(once(b"HTTP/1.1 200 OK\r\n\r\nto the end"), {10}),
    "no body": Sized(always(b"HTTP/1.1 204 No Content\r\n\r\n"), {0}),
    "HEAD": Sized(
        always(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), {0}, SentRequest("/", "HEAD")
    ),
    "the body is looked at": Sized(always(OK), {2}, SentRequest("/", contains=b"k")),
    "byte by byte": Sized(trickles(OK), {2}),
}


@pytest.mark.parametrize("sized", SIZED.values(), ids=list(SIZED))
def test_the_lengths_of_the_bodies_of_expected_responses_are_counted(sized: Sized) -> None:
    some = EarlyClose(after_s=0.03, responses=40)
    with serve(sized.behave) as server:
        reports = fire_windows(server.address, 2, some, request=sized.request, duration_s=9)
    for report in reports:
        assert {size for size, _ in report.counts.sizes} == sized.lengths


def test_the_bodies_of_errors_are_not_counted() -> None:
    some = EarlyClose(after_s=0.0, responses=8)
    with serve(in_turn(OK, answer("404 Not Found", b"not there"))) as server:
        (report,) = fire_windows(server.address, 1, some, duration_s=9)
    assert report.counts.unexpected
    assert [size for size, _ in report.counts.sizes] == [2]


def test_a_head_that_is_known_from_the_window_before_has_its_length_in_each() -> None:
    async def slow_at_first(peer: Peer) -> None:
        await peer.request()
        await peer.pause(0.1)
        while True:
            await peer.send(LONG)
            await peer.request()

    few = EarlyClose(after_s=0.0, responses=99)
    with serve(slow_at_first) as server:
        reports = fire_windows(server.address, 2, few, duration_s=0.05)
    assert [{size for size, _ in report.counts.sizes} for report in reports] == [{1500}] * 2
