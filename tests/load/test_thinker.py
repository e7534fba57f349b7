"""Think time: connections wait between a response and their next request."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_djworkers.load import thinker as module
from pytest_djworkers.load.connection import unasked
from pytest_djworkers.load.merge import merge_agents
from pytest_djworkers.load.thinker import Thinker
from tests.support.fault_server import Behaviour, Peer, answer, once, refusing, serve
from tests.support.firing import classes, fire
from tests.support.profiles import make_profile

MS = 1_000_000
THINK_S = 0.1


def noting(times: dict[Peer, list[float]], *answers: bytes) -> Behaviour:
    """Respond at once, and note the time of each request by connection."""

    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            seen = times.setdefault(peer, [])
            seen.append(time.monotonic())
            await peer.send(answers[len(seen) % len(answers)])

    return behave


@pytest.mark.parametrize("answers", [(answer(),), (answer("500 Oh"), answer("404 No"))])
def test_each_connection_waits_between_a_response_and_its_next_request(
    answers: tuple[bytes, ...],
) -> None:
    times: dict[Peer, list[float]] = {}
    with serve(noting(times, *answers)) as server:
        report = fire(server.address, connections=10, think_s=THINK_S, warmup_s=0.2, duration_s=0.6)
    waited = [after - before for one in times.values() for before, after in pairwise(one)]
    # Between them lies the way of the response, too, but no clock goes backwards.
    assert min(waited) >= THINK_S
    # 10 connections / 0.1 s = 100 requests/s, fewer on a busy machine.
    assert 12 <= report.counts.ok + report.counts.unexpected <= 10 * (0.6 / THINK_S + 1)
    assert (
        report.counts.ok == 0
        or max(latency for latency, _ in report.counts.latency) < THINK_S * 5e6
    )
    found = merge_agents(make_profile(connections=10, think_s=THINK_S), [report])
    assert found.starved is False
    assert not found.unfair
    at_work, thinking = found.connections.at_work, found.connections.thinking
    assert at_work is not None
    assert thinking is not None
    assert 5 < thinking <= 10
    assert at_work + thinking == pytest.approx(10, rel=0.1)


def test_the_first_requests_are_spread_over_one_think_time() -> None:
    times: dict[Peer, list[float]] = {}
    with serve(noting(times, answer())) as server:
        fire(server.address, connections=4, think_s=0.4, duration_s=0.5)
    first = sorted(one[0] for one in times.values())
    assert len(first) == 4
    # A timer may be late, and is never early.
    assert first[-1] - first[0] >= 0.3 - 0.02


def test_connections_that_no_request_was_due_on_are_not_starved() -> None:
    with serve(noting({}, answer())) as server:
        report = fire(server.address, think_s=20.0, duration_s=0.3)
        assert len(server.requests) == 1
    assert (report.counts.ok, report.served, report.not_asked) == (1, 1, 3)
    assert merge_agents(make_profile(think_s=20.0), [report]).starved is False


def test_connections_without_a_response_are_starved_though_the_others_think() -> None:
    served: list[Peer] = []

    async def behave(peer: Peer) -> None:
        served.append(peer)
        while len(served) <= 2 or peer in served[:2]:
            await peer.request()
            await peer.send(answer())
        await peer.hang()

    with serve(behave) as server:
        report = fire(server.address, think_s=0.05, duration_s=0.6, timeout_s=0.2)
    assert report.not_asked == 0
    assert merge_agents(make_profile(think_s=0.05), [report]).starved is True


def test_a_connection_that_is_closed_meanwhile_is_opened_for_its_next_request() -> None:
    with serve(once(answer())) as server:
        report = fire(server.address, think_s=0.05, duration_s=0.4)
    assert classes(report) == {"ok"}
    assert report.closed_idle
    # Each think time is over before the connection is opened again.
    assert server.connections <= 4 * (0.4 / 0.05 + 2)


@pytest.mark.parametrize("think_s", [0.001, 0.2])
def test_refused_connections_are_tried_again_after_a_pause(think_s: float) -> None:
    with refusing() as address:
        report = fire(address, think_s=think_s, duration_s=0.5)
    assert 0 < report.counts.error <= 4 * (0.5 / max(think_s, 0.1) + 2)


def test_a_connection_that_is_lost_meanwhile_waits_once() -> None:
    async def babbles(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer())
        await peer.pause(0.02)
        await peer.send(answer())
        await peer.hang()

    with serve(babbles) as server:
        report = fire(server.address, think_s=0.1, duration_s=0.5)
    assert report.counts.ok > 4
    assert report.thinking_s <= 4 * 0.5


@pytest.mark.parametrize(
    ("was_served", "is_asked", "age_s", "counts"),
    [(True, True, 0.5, 0), (False, False, None, 1), (False, True, 0.5, 1), (False, True, 1.5, 0)],
)
def test_a_connection_is_unasked_until_its_first_request_is_as_old_as_the_timeout(
    was_served: bool, is_asked: bool, age_s: float | None, counts: int
) -> None:
    until_ns = 10_000 * MS
    began_ns = 0 if age_s is None else until_ns - round(age_s * 1e9)
    one: Any = SimpleNamespace(was_served=was_served, is_asked=is_asked, began_ns=began_ns)
    assert unasked([one], 1.0, until_ns) == counts


class Clock:
    """A clock that goes on when it is told to."""

    now_ns = 1_000 * MS

    def __call__(self) -> int:
        return self.now_ns


def test_each_is_due_in_its_turn_and_its_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "_clock", clock)
    begun: list[tuple[Any, int, int]] = []
    thought: list[tuple[int, int]] = []
    lags: list[float] = []
    tally = SimpleNamespace(
        thought=lambda *times: thought.append(times), counts=lambda now: True, lags_us=lags
    )
    window: Any = SimpleNamespace(tally=tally, is_firing=True)

    async def run() -> None:
        thinker = Thinker(
            200 * MS, window, lambda connection, began, now: begun.append((connection, began, now))
        )
        later: Any = "later"
        first: Any = "first"
        thinker.add(later, clock(), thinker.think_ns)
        thinker.add(first, clock(), 50 * MS)
        thinker.send_due()
        assert not begun
        clock.now_ns += 51 * MS
        thinker.send_due()
        assert begun == [("first", 1_051 * MS, 1_051 * MS)]
        assert (thought, lags) == ([(1_000 * MS, 1_050 * MS)], [1_000.0])
        clock.now_ns += 9 * MS
        gone: Any = "gone"
        thinker.add(gone, clock(), 5 * MS)
        clock.now_ns += 5 * MS
        thinker.discard({gone}, clock())
        assert thought[1:] == [(1_060 * MS, 1_065 * MS)]
        thinker.end(clock())
        assert thought[2:] == [(1_000 * MS, 1_065 * MS)]
        thinker.start(window)
        clock.now_ns += 999 * MS
        thinker.send_due()
        assert len(begun) == 1
        thinker.add(later, clock(), 0)
        window.is_firing = False
        thinker.send_due()
        assert len(begun) == 1

    asyncio.run(run())


def test_responses_get_their_turn_while_many_requests_are_due() -> None:
    begun: list[int] = []
    turns: list[int] = []
    late = module._SENT_AT_ONCE + 50

    async def run() -> None:
        tally = SimpleNamespace(thought=lambda *times: None, counts=lambda now: False)
        window: Any = SimpleNamespace(tally=tally, is_firing=True)
        thinker = Thinker(0, window, lambda connection, began, now: begun.append(began))
        for _ in range(late):
            connection: Any = object()
            thinker.add(connection, 1, 0)
        thinker.send_due()
        while len(begun) < late:
            turns.append(len(begun))
            await asyncio.sleep(0)
        thinker.stop()

    asyncio.run(run())
    assert turns[0] == module._SENT_AT_ONCE
    assert len(begun) == late
