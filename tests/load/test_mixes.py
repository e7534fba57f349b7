"""Bursts of several requests: each part has its share, its figures and its own expectations."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.merge import merge_agents, merge_windows
from pytest_djworkers.load.profile import Order, Part, Profile, SentRequest
from pytest_djworkers.load.rate import Share
from pytest_djworkers.serialization import from_simple, to_simple
from tests.support.fault_server import Behaviour, Peer, answer, serve
from tests.support.firing import fire_profile
from tests.support.profiles import make_profile

FAST, SLOW, MISSING = SentRequest("/fast"), SentRequest("/slow"), SentRequest("/missing")


def mix(*parts: Part, **shape: Any) -> Profile:
    """A short burst of these parts."""
    return Profile.of_parts("mix", parts, make_profile(**{"duration_s": 0.3, **shape}).shape)


def path_of(request: bytes) -> str:
    return request.split()[1].decode()


def site(*, slow_s: float = 0.02, closes_after: int = 0) -> Behaviour:
    """Respond by path, and close the connection without a word after so many responses."""

    async def behave(peer: Peer) -> None:
        responses = 0
        while True:
            request = await peer.request()
            path = path_of(request)
            if path == "/slow":
                await peer.pause(slow_s)
            if request.startswith(b"HEAD"):
                await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
                continue
            responses += 1
            if responses == closes_after:
                peer.hold()
            status = "404 Not Found" if path == "/missing" else "200 OK"
            await peer.send(answer(status, path.encode()))
            if responses == closes_after:
                return

    return behave


def test_a_slow_part_keeps_its_share_of_the_requests() -> None:
    profile = mix(Part("fast", (FAST,), 3), Part("slow", (SLOW,), 1))
    with serve(site()) as server:
        report = fire_profile(server.address, profile)
        fast, slow = report.parts
        sent = Counter(map(path_of, server.requests))
    assert sent["/fast"] == pytest.approx(3 * sent["/slow"], abs=4)
    # Those in flight at the end are mostly slow ones.
    assert fast.ok + fast.in_flight == pytest.approx(3 * (slow.ok + slow.in_flight), abs=8)
    assert min(value for value, _ in slow.latency) >= 20_000
    assert report.counts.statuses == {200: fast.ok + slow.ok}


def test_each_part_has_its_own_expectations_and_readers() -> None:
    parts = (
        Part("fast", (FAST,)),
        Part("missing", (MISSING,)),
        Part("no page", (replace(MISSING, expect=(404,)),)),
        Part("head", (SentRequest("/head", "HEAD"),)),
        Part("right", (replace(FAST, contains=b"fast"),)),
        Part("wrong", (replace(FAST, contains=b"other"),)),
    )
    with serve(site()) as server:
        report = fire_profile(server.address, mix(*parts))
    fast, missing, no_page, head, right, wrong = report.parts
    for good in (fast, no_page, head, right):
        assert good.ok
        assert (good.unexpected, good.error) == (0, 0)
    for bad, wrong_bodies in ((missing, 0), (wrong, wrong.unexpected)):
        assert bad.unexpected
        assert (bad.ok, bad.error) == (0, 0)
        assert bad.wrong_bodies == wrong_bodies
    assert {*missing.statuses} == {*no_page.statuses} == {404}
    assert missing.first_unexpected is not None
    assert (missing.first_unexpected.status, missing.first_unexpected.text) == (404, "/missing")


def test_a_request_that_is_sent_again_is_the_same() -> None:
    paths = tuple(SentRequest(f"/{number}") for number in range(1000))
    profile = mix(Part("a", paths), Part("b", (FAST,)), connections=1)
    with serve(site(closes_after=2)) as server:
        report = fire_profile(server.address, profile)
        sent = [path for path in map(path_of, server.requests) if path != "/fast"]
    # Each that was lost came again before the next, and what was counted is each once.
    assert report.closed_idle
    assert list(dict.fromkeys(sent)) == [f"/{number % 1000}" for number in range(len({*sent}))]
    assert not report.counts.error


def test_connections_keep_their_variants_whatever_part_it_is() -> None:
    parts = [
        Part(
            path,
            tuple(SentRequest(path, headers=(("Cookie", f"who={who}"),)) for who in "abcd"),
            order=Order.CONNECTION,
        )
        for path in ("/fast", "/slow")
    ]
    seen: dict[Peer, set[bytes]] = {}

    async def behave(peer: Peer) -> None:
        while True:
            request = await peer.request()
            seen.setdefault(peer, set()).add(request.partition(b"who=")[2][:1])
            await peer.send(answer())

    with serve(behave) as server:
        # Of the second of two agents, which has the connections 1, 3 and 5.
        fire_profile(server.address, mix(*parts, connections=3), share=Share(1, 2))
    assert sorted(seen.values(), key=min) == [{b"b"}, {b"b"}, {b"d"}]


@pytest.mark.parametrize("rate", [40.0, 200.0])
def test_a_fixed_rate_works_with_a_mix(rate: float) -> None:
    profile = mix(Part("fast", (FAST,), 3), Part("slow", (SLOW,), 1), rate=rate, duration_s=0.5)
    with serve(site(slow_s=0.2)) as server:
        report = fire_profile(server.address, profile)
    counts = [
        part.ok + part.late + part.unanswered + part.in_flight + part.outside
        for part in report.parts
    ]
    assert sum(counts) == rate / 2
    assert counts[0] == pytest.approx(3 * counts[1], abs=4)


def test_a_window_that_drains_counts_each_part() -> None:
    profile = mix(Part("fast", (FAST,)), Part("slow", (SLOW,)))
    with serve(site()) as server:
        report = fire_profile(server.address, profile, drain_s=1.0)
        assert report.counts.after_window >= 1
        assert report.counts.ok == len(server.requests)


def test_the_figures_of_parts_are_added_up_over_agents_and_windows() -> None:
    profile = mix(Part("fast", (FAST,), 3), Part("slow", (SLOW,), 1), connections=8)
    half = mix(*profile.parts)
    with serve(site()) as server:
        reports = [fire_profile(server.address, half, share=Share(index, 2)) for index in (0, 1)]
    result = merge_agents(profile, reports)
    again = merge_windows(half, reports, ServerFacts("granian", "2", 1, {}, launch_s=0.1))
    for merged in (result, again):
        assert [*merged.parts] == ["fast", "slow"]
        assert sum(part.ok for part in merged.parts.values()) == merged.ok
        assert sum(part.share for part in merged.parts.values()) == pytest.approx(1)
        assert sum(part.rps for part in merged.parts.values()) == pytest.approx(merged.rps)
        slow = merged.part("slow")
        assert (slow.ok, slow.latency) == (merged.parts["slow"].ok, merged.parts["slow"].latency)
        assert (slow.name, slow.parts, slow.series) == ("slow", {}, None)
        told = from_simple(to_simple(merged), type(merged))
        assert told.parts == merged.parts
        with pytest.raises(KeyError, match="mix has no part 'sloww': its parts are 'fast', 'slow'"):
            merged.part("sloww")
