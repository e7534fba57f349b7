"""Connections that are opened one after the other, each while those before it have requests."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_djworkers.load.agent_group import AgentGroup, local_agents
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.pool import Pool
from tests.support.fault_server import Peer, always, closes, eventually, hangs, refusing, serve
from tests.support.faults import OK
from tests.support.profiles import make_profile

CONNECTIONS = 6
_NO_HANG_S = 20.0


def opened(address: tuple[str, int], drain_s: float = 5.0) -> tuple[int, AgentReport]:
    """The number of open connections, and the report on a window after that."""

    async def fire() -> tuple[int, AgentReport]:
        pool = Pool(make_profile(connections=CONNECTIONS), address, CONNECTIONS)
        try:
            number = await pool.open_under_load(drain_s)
            return number, await pool.fire(time.monotonic_ns(), drain_s=0.1)
        finally:
            pool.close()

    return asyncio.run(asyncio.wait_for(fire(), _NO_HANG_S))


def test_each_is_opened_while_those_before_it_have_requests() -> None:
    served = 0
    at_opening = []

    async def behave(peer: Peer) -> None:
        nonlocal served
        at_opening.append(served)
        while True:
            await peer.request()
            await peer.send(OK)
            served += 1

    with serve(behave) as server:
        number, _ = opened(server.address)
    assert number == CONNECTIONS
    # Each of those before it has had a response, and most have had many.
    assert len(at_opening) == CONNECTIONS
    assert all(before < after for before, after in pairwise(at_opening))


def test_a_response_is_waited_for_before_the_next_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # However slow this machine is.
    monkeypatch.setattr("pytest_djworkers.load.pool._APART_S", _NO_HANG_S)
    monkeypatch.setattr("pytest_djworkers.load.pool._OPENED_WITHIN_S", CONNECTIONS * _NO_HANG_S)
    served: list[Peer] = []
    at_opening = []

    async def behave(peer: Peer) -> None:
        at_opening.append(len(set(served)))
        while True:
            await peer.request()
            served.append(peer)
            # A response with a known head ends no wait: it is counted with those that follow it.
            head = f"HTTP/1.1 200 OK\r\nX-Number: {len(served)}\r\nContent-Length: 0\r\n\r\n"
            await peer.send(head.encode())

    async def opening(address: tuple[str, int]) -> int:
        profile = make_profile(connections=CONNECTIONS, duration_s=_NO_HANG_S)
        pool = Pool(profile, address, CONNECTIONS)
        try:
            return await pool.open_under_load(drain_s=5.0)
        finally:
            pool.close()

    with serve(behave) as server:
        assert asyncio.run(asyncio.wait_for(opening(server.address), _NO_HANG_S)) == CONNECTIONS
    assert at_opening == list(range(CONNECTIONS))


def test_the_window_after_it_is_as_any_other() -> None:
    with serve(always(OK)) as server:
        _, report = opened(server.address)
        assert server.connections == CONNECTIONS
    assert report.served == CONNECTIONS
    assert report.counts.ok == sum(report.per_connection)
    # What was sent to open them is not counted.
    assert report.counts.ok < len(server.requests)
    counts = report.counts
    assert (report.reconnects, counts.unanswered, counts.error, counts.outside) == (0, 0, 0, 0)


def test_a_server_that_never_responds_ends_it_after_the_drain() -> None:
    with serve(hangs) as server:
        number, report = opened(server.address, drain_s=0.1)
    assert number == 0
    # A response to the former request would be taken for that of the next one.
    assert (report.counts.unanswered, report.reconnects) == (CONNECTIONS, CONNECTIONS)


@pytest.mark.parametrize("under_load", [False, True])
def test_agents_open_their_connections_so_if_they_are_told_to(
    tmp_path: Path, under_load: bool
) -> None:
    profile = make_profile(connections=CONNECTIONS)
    with serve(always(OK)) as server:
        target = Target(server.address, tmp_path)
        with AgentGroup(local_agents(1), target) as agents:
            agents.open(profile, target, drain_s=5, under_load=under_load)
            assert eventually(lambda: server.connections == CONNECTIONS)
            assert bool(server.requests) is under_load


def test_connections_that_end_are_not_open() -> None:
    with serve(closes) as server:
        number, _ = opened(server.address)
        assert number == 0
    with refusing() as address:
        number, _ = opened(address)
    assert number == 0
