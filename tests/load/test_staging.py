"""Bursts whose load changes in steps."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from pytest_djworkers.load.merge import merge_agents
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.pool import Pool
from pytest_djworkers.load.profile import Part, Profile, SentRequest
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.stages import Stage
from pytest_djworkers.serialization import from_simple, to_simple
from tests.support.fault_server import Behaviour, Peer, always, answer, eventually, hangs, serve
from tests.support.firing import classes, fire_profile, sent
from tests.support.profiles import ROOT, make_profile

OK = answer()


def staged(*stages: Stage, request: SentRequest = ROOT, **shape: Any) -> Profile:
    """A burst with these stages."""
    loads = [stage.connections or 0 for stage in stages]
    given: dict[str, Any] = {"connections": max(loads)} if max(loads) else {}
    rates = [stage.rate for stage in stages if stage.rate]
    given |= {"rate": max(rates)} if rates else {}
    duration_s = sum(stage.duration_s for stage in stages)
    return make_profile(request, **given | {"duration_s": duration_s, "stages": stages} | shape)


def of(seconds: float, connections: int) -> Stage:
    return Stage(seconds, connections)


class Watch:
    """The connections that requests came on, by time."""

    def __init__(self, after_s: float = 0.01) -> None:
        self.after_s = after_s
        self.seen: list[tuple[float, Peer]] = []

    async def __call__(self, peer: Peer) -> None:
        """Respond after a while."""
        while True:
            await peer.request()
            self.seen.append((time.monotonic(), peer))
            await peer.pause(self.after_s)
            await peer.send(OK)

    def peers(self, since_s: float, until_s: float) -> int:
        """Return the number of connections that had a request in this part of the burst."""
        begin_s = self.seen[0][0]
        return len({peer for at, peer in self.seen if since_s <= at - begin_s < until_s})


def test_connections_come_and_go_with_the_stages() -> None:
    watch = Watch()
    with serve(watch) as server:
        report = fire_profile(server.address, staged(of(0.4, 2), of(0.4, 6), of(0.4, 3)))
        assert server.connections == 6
        assert eventually(lambda: not server.peers)
    assert (watch.peers(0, 0.35), watch.peers(0.45, 0.75), watch.peers(0.9, 1.2)) == (2, 6, 3)
    assert classes(report) == {"ok"}
    assert (report.requested, report.opened, report.served, report.not_asked) == (6, 6, 6, 0)
    # Connecting at the beginning of a stage is no sign of a server that closes connections.
    assert report.reconnects == report.closed_idle == 0
    # Those that leave have the response to their last request.
    assert report.counts.in_flight <= 3
    assert [one.in_flight for one in report.stages[:2]] == [0, 0]
    first, second, third = (one.ok for one in report.stages)
    assert second > max(first, third)


def test_only_the_connections_of_the_first_stage_are_opened_before_it() -> None:
    async def opened(address: tuple[str, int]) -> int:
        pool = Pool(staged(of(0.2, 2), of(0.2, 6)), address, 6)
        try:
            return await pool.open(5.0)
        finally:
            pool.close()

    with serve(hangs) as server:
        assert asyncio.run(opened(server.address)) == 2


def test_the_whole_has_the_counts_of_all_stages() -> None:
    parts = (Part("a", (ROOT,), 2), Part("b", (SentRequest("/b"),)))
    mix = Profile.of_parts("mix", parts, staged(of(0.15, 1), of(0.15, 3), of(0.15, 2)).shape)
    mix = replace(mix, shape=replace(mix.shape, warmup_s=0.1))

    async def behave(peer: Peer) -> None:
        for status in ("200 OK", "404 No", "200 OK", "500 Oh"):
            await peer.request()
            await peer.pause(0.002)
            await peer.send(answer(status))

    with serve(behave) as server:
        report = fire_profile(server.address, mix)
    assert {"ok", "unexpected"} <= classes(report)
    whole = PartReport.sum(report.stages)
    assert replace(whole, first_unexpected=None) == replace(report.counts, first_unexpected=None)
    assert whole.first_unexpected == report.stages[0].first_unexpected
    assert report.stages[1].first_unexpected is None
    assert [one.outside > 0 for one in report.stages] == [True, False, False]
    result = merge_agents(mix, [report])
    assert sum(one.figures.judged for one in result.stages) == result.judged
    assert [one.name for one in result.stages] == [
        "stage 1: 1 connection",
        "stage 2: 3 connections",
        "stage 3: 2 connections",
    ]
    assert [one.begin_s for one in result.stages] == pytest.approx([0, 0.15, 0.3])
    assert result.stages[1].rps == result.stages[1].figures.ok / 0.15
    assert from_simple(to_simple(result), type(result)).stages == result.stages
    assert result.part("a").stages == ()


def test_a_request_counts_in_the_stage_in_which_it_ends() -> None:
    with serve(always(OK, after_s=0.3)) as server:
        report = fire_profile(server.address, staged(of(0.2, 1), of(0.3, 1)))
    first, second = report.stages
    assert (first.ok, second.ok) == (0, 1)
    assert first.in_flight == 0
    assert second.in_flight == 1


def test_a_request_without_a_response_keeps_its_connection_and_counts_in_the_last_stage() -> None:
    with serve(hangs) as server:
        report = fire_profile(server.address, staged(of(0.2, 4), of(0.2, 2), timeout_s=0.1))
        assert len(server.requests) == 4
    assert [one.unanswered for one in report.stages] == [0, 4]
    assert report.counts.error == 0


def test_connections_of_a_later_stage_that_the_server_closes_are_errors_of_that_stage() -> None:
    kept: list[Peer] = []

    async def behave(peer: Peer) -> None:
        kept.append(peer)
        if len(kept) > 1:
            return
        while True:
            await peer.request()
            await peer.send(OK)

    with serve(behave) as server:
        report = fire_profile(server.address, staged(of(0.2, 1), of(0.2, 3)))
    first, second = report.stages
    assert first.error == 0
    assert second.error_kinds.keys() <= {"closed early", "reset"}
    assert second.error
    judged = PartReport.sum(report.stages).judged
    assert sent(report) == judged + report.counts.in_flight + report.counts.outside


def test_agents_split_each_stage_evenly() -> None:
    profile = staged(of(0.15, 1), of(0.15, 5))
    counts = []
    for index, connections in ((0, 3), (1, 2)):
        own = replace(profile, shape=replace(profile.shape, connections=connections))
        with serve(always(OK, after_s=0.005)) as server:
            report = fire_profile(server.address, own, share=Share(index, 2))
            counts.append((report.stages[0].ok > 0, server.connections))
    assert counts == [(True, 3), (False, 2)]


@pytest.mark.parametrize("think_s", [0.05, 0.2])
def test_a_think_time_goes_with_stages(think_s: float) -> None:
    watch = Watch(0.0)
    with serve(watch) as server:
        report = fire_profile(
            server.address, staged(of(0.3, 2), of(0.3, 6), of(0.3, 1), think_s=think_s)
        )
        assert server.connections <= 6
    assert classes(report) == {"ok"}
    times: dict[Peer, list[float]] = {}
    for at, peer in watch.seen:
        times.setdefault(peer, []).append(at)
    waited = [b - a for one in times.values() for a, b in pairwise(one)]
    assert not waited or min(waited) >= think_s
    assert watch.peers(0.65, 0.9) <= 1 + (think_s == 0.2)
    result = merge_agents(staged(of(0.3, 2), of(0.3, 6), of(0.3, 1), think_s=think_s), [report])
    assert result.starved is False
    connections = result.connections
    assert connections.mean == pytest.approx(3)
    assert (connections.at_work or 0) + (connections.thinking or 0) == pytest.approx(3, rel=0.2)


def test_a_stage_that_leaves_connections_without_responses_starves() -> None:
    def behaviour(held: int) -> Behaviour:
        peers: list[Peer] = []

        async def behave(peer: Peer) -> None:
            peers.append(peer)
            if len(peers) > held:
                await peer.hang()
            while True:
                await peer.request()
                await peer.pause(0.01)
                await peer.send(OK)

        return behave

    profile = staged(of(0.2, 2), of(0.3, 8), timeout_s=0.1)
    for held, starved in ((8, False), (4, True)):
        with serve(behaviour(held)) as server:
            result = merge_agents(profile, [fire_profile(server.address, profile)])
        assert result.starved is starved
        assert result.connections.fairness is None
        assert not result.unfair


def test_a_rate_changes_with_the_stages() -> None:
    profile = staged(Stage(0.4, rate=50), Stage(0.4, rate=200), warmup_s=0.2)
    with serve(always(OK)) as server:
        report = fire_profile(server.address, profile)
        planned = round(0.6 * 50 + 0.4 * 200)
        assert len(server.requests) <= planned
    assert sent(report) == planned
    first, second = report.stages
    assert first.ok == pytest.approx(20, abs=3)
    assert second.ok == pytest.approx(80, abs=5)
    result = merge_agents(profile, [report])
    assert [one.name for one in result.stages] == [
        "stage 1: 50.00 requests/s",
        "stage 2: 200 requests/s",
    ]
    assert (profile.shape.mean_rate, result.starved, result.fell_behind) == (125, False, False)
