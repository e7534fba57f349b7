"""Bursts that read each response for a given time."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.merge import merge_agents
from pytest_djworkers.load.profile import SentRequest
from tests.support.fault_server import Behaviour, Peer, always, answer, serve, streams
from tests.support.firing import classes, fire
from tests.support.profiles import make_profile

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNKED = HEAD[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
EVENT = b"data: 1\n\n"
EVENTS = SentRequest("/events", stream_s=0.2)


def read(behave: Behaviour, request: SentRequest = EVENTS, **shape: Any) -> AgentReport:
    with serve(behave) as server:
        given = {"duration_s": 1.1, "warmup_s": 0.1, "timeout_s": 0.5} | shape
        return fire(server.address, request, **given)


def us_of(report: AgentReport) -> list[int]:
    return [us for us, _ in report.counts.latency]


def test_a_stream_without_end_counts_once_its_time_is_over() -> None:
    report = read(streams(HEAD + EVENT, EVENT, every_s=0.02))
    assert classes(report) == {"ok"}
    # Five times 0.2 s each, in which a slow machine reads fewer events.
    assert 4 * 3 <= report.counts.ok <= 4 * 7
    assert report.counts.events > 2 * report.counts.ok
    assert max(us_of(report)) < 200_000
    assert report.served == report.requested


def test_those_still_open_at_the_end_are_neither_timeouts_nor_errors() -> None:
    report = read(
        streams(HEAD + EVENT, EVENT, every_s=0.02),
        SentRequest("/events", stream_s=1.1),
        warmup_s=0.3,
    )
    # One begun in the warm-up, which is outside, and one that is open at the end.
    assert (report.counts.ok, report.counts.outside) == (4, 4)
    assert classes(report) == {"ok"}
    assert max(us_of(report)) < 500_000


def test_an_event_that_comes_too_late_is_late() -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD + b": wait\n\n")
        await peer.pause(0.3)
        await peer.send(EVENT)
        await peer.hang()

    report = read(behave, SentRequest("/events", stream_s=0.4), timeout_s=0.1)
    assert classes(report) == {"late"}
    assert min(us_of(report)) >= 300_000
    # The first byte was in time.
    assert max(us for us, _ in report.counts.first_bytes) < 250_000


@pytest.mark.parametrize("timeout_s", [0.1, 5])
def test_a_stream_without_an_event_is_unanswered_however_short_its_time(timeout_s: float) -> None:
    report = read(streams(HEAD, b": nothing new\n\n", every_s=0.02), timeout_s=timeout_s)
    assert classes(report) == {"unanswered"}
    assert report.counts.events == 0
    assert min(us_of(report)) >= 100_000


def test_a_stream_that_ends_earlier_counts_when_it_ends() -> None:
    async def ends(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(CHUNKED + b"9\r\n" + EVENT + b"\r\n")
            await peer.pause(0.01)
            await peer.send(b"9\r\n" + EVENT + b"\r\n0\r\n\r\n")

    report = read(ends, SentRequest("/events", stream_s=5.0))
    assert classes(report) == {"ok"}
    assert report.counts.ok > 4 * 5
    assert report.counts.events >= 2 * report.counts.ok - report.requested
    # The connection stays open, as its server left it.
    assert report.reconnects == 0


@pytest.mark.parametrize(
    ("behave", "says"),
    [
        (streams(HEAD.replace(b"200 OK", b"500 Oh"), EVENT, every_s=0.02), 500),
        (always(answer("404 No")), 404),
    ],
)
def test_another_status_is_unexpected(behave: Behaviour, says: int) -> None:
    report = read(behave)
    assert classes(report) == {"unexpected"}
    assert {*report.counts.statuses} == {says}
    assert report.counts.first_unexpected is not None
    assert report.counts.first_unexpected.status == says


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (CHUNKED + b"9\r\n" + EVENT + b"\r\n", "closed early"),
        (CHUNKED + b"0\r\n\r\n", "no event"),
        (HEAD + b": nothing\n\n", "no event"),
    ],
)
def test_a_stream_that_breaks_off_or_ends_without_an_event_is_an_error(
    data: bytes, says: str
) -> None:
    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(data)
        await peer.pause(0.02)

    report = read(behave, timeout_s=5)
    # Nobody knows of one that is open at the end of the window if it would break off.
    assert classes(report) - {"ok"} == {"error"}
    assert report.counts.ok <= report.requested
    assert {*report.counts.error_kinds} == {says}


def test_another_body_is_answered_at_its_first_byte() -> None:
    first = HEAD.replace(b"text/event-stream", b"text/csv") + b"1,2\n"
    report = read(streams(first, b"3,4\n", every_s=0.02))
    assert classes(report) == {"ok"}
    assert report.counts.events == 0


def test_at_a_fixed_rate_open_streams_do_not_pile_up() -> None:
    request = SentRequest("/events", stream_s=0.5)
    profile = make_profile(request, connections=40, duration_s=1.0, rate=40)
    with serve(streams(HEAD + EVENT, EVENT, every_s=0.05)) as server:
        report = fire(server.address, request, connections=40, duration_s=1.0, rate=40)
    assert classes(report) == {"ok"}
    assert max(report.outstanding) < 15
    result = merge_agents(profile, [report])
    assert not result.fell_behind


def test_the_result_has_events_and_no_remark_on_closed_connections() -> None:
    profile = make_profile(EVENTS, duration_s=1.0)
    with serve(streams(HEAD + EVENT, EVENT, every_s=0.02)) as server:
        result = merge_agents(profile, [fire(server.address, EVENTS, duration_s=1.0)])
    assert result.events is not None
    assert result.events.count == result.events.per_s * result.window_s > result.ok
    assert result.events.first is result.latency
    assert not result.remarks
    assert f"{result.events.count} events, " in str(result)


def test_a_response_does_not_answer_the_next_request() -> None:

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer("404 No", b"no"))
        await peer.request()
        await peer.send(HEAD)
        await peer.hang()

    report = read(behave, SentRequest("/events", stream_s=5.0), timeout_s=0.2, warmup_s=0)
    assert classes(report) == {"unexpected", "unanswered"}


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_a_stream_that_comes_whole_counts_at_once(connection: str) -> None:
    whole = answer("200 OK", EVENT, "Content-Type: text/event-stream", f"Connection: {connection}")
    report = read(always(whole))
    assert classes(report) == {"ok"}
    assert report.counts.events == report.counts.ok > 4
    assert not report.counts.in_pieces


def test_a_stream_without_an_event_in_the_warm_up_is_outside() -> None:
    report = read(streams(HEAD, b": wait\n\n", every_s=0.02), warmup_s=0.5)
    assert report.counts.outside >= 4
    assert not report.counts.ok
