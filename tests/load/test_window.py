"""Windows that follow each other on the same connections, as a comparison fires them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from pytest_djworkers.load.early_close import EarlyClose
from tests.support.fault_server import Peer, always, answer, eventually, refusing, serve
from tests.support.firing import classes, fire_windows, sent

OK = answer()
ENOUGH = EarlyClose(after_s=0.05, responses=20)


def test_each_window_has_enough_responses_and_leaves_nothing_in_flight() -> None:
    with serve(always(OK)) as server:
        reports = fire_windows(server.address, 3, ENOUGH, duration_s=9)
        assert eventually(lambda: len(server.requests) == sum(map(sent, reports)))
        assert server.connections == 4
    for report in reports:
        assert classes(report) == {"ok"}
        assert report.ok >= 20
        assert 0.05 <= report.window_s < 5
        assert not report.in_flight


def test_a_window_of_a_slow_view_lasts_until_it_has_enough_responses() -> None:
    with serve(always(OK, after_s=0.1)) as server:
        (report,) = fire_windows(server.address, 1, ENOUGH, duration_s=9)
    # Four at a time: the twentieth is in the fifth wave, with others where they keep no step.
    assert 20 <= report.ok - report.after_window < 24
    assert report.after_window <= 4
    assert report.window_s >= 0.5


def test_a_window_without_enough_responses_is_over_after_its_duration() -> None:
    with serve(always(OK, after_s=0.3)) as server:
        (report,) = fire_windows(server.address, 1, ENOUGH, duration_s=1)
    # Three waves of four, fewer on a busy machine, and the one that is waited for.
    assert 0 < report.ok - report.after_window <= 12
    assert report.after_window == 4
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
    assert [(report.ok, report.unanswered) for report in reports] == [(4, 4), (4, 4)]


def test_refused_connections_are_errors_in_each_window() -> None:
    with refusing() as address:
        reports = fire_windows(address, 2, ENOUGH, duration_s=0.15)
    assert all(report.error_kinds.keys() == {"refused"} for report in reports)


def test_a_server_that_closes_each_connection_is_reconnected_to() -> None:
    async def answers_and_closes(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer("200 OK", b"hello", "Connection: close"))

    with serve(answers_and_closes) as server:
        reports = fire_windows(server.address, 2, ENOUGH, duration_s=9)
    assert [classes(report) for report in reports] == [{"ok"}, {"ok"}]
    assert all(report.reconnects for report in reports)
