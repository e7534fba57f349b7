"""The rounds of a comparison's blocks, and those with an idle worker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.compare.history import History
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.part_tally import PartTally
from pytest_djworkers.load.profile import Part, Profile
from tests.support.comparisons import NOTHING, block_of
from tests.support.profiles import ROOT, make_profile


@pytest.mark.parametrize(("blocks", "discarded"), [(3, False), (4, True), (8, True)])
def test_a_block_with_an_idle_worker_is_discarded_if_that_is_rare(
    blocks: int, discarded: bool
) -> None:
    unlucky = replace(block_of(0, 1.0), idle_workers=(1, 0))
    rounds = History((unlucky, *(block_of(number, 1.0) for number in range(1, blocks)))).rounds
    left_out = {one.block for one in rounds if one.discarded == "a worker got no connection"}
    assert left_out == ({0} if discarded else set())


def test_the_parts_of_a_mix_are_added_up_for_each_arm() -> None:
    def of_part(latency_us: int) -> PartReport:
        tally = PartTally(10**9)
        tally.samples_us.append(latency_us)
        tally.fold()
        return tally.report()

    def report(*latencies: int) -> AgentReport:
        return replace(block_of(0, 1.0).reports[0][0], parts=[of_part(one) for one in latencies])

    block = replace(block_of(0, 1.0), reports=((report(1, 20),) * 2, (report(3, 40),) * 3))
    mix = Profile.of_parts(
        "mix", (Part("fast", (ROOT,)), Part("slow", (ROOT,))), make_profile(connections=1).shape
    )
    history = History((block, block))
    assert history.add_figures(NOTHING, mix).part_latencies == {
        "fast": (Latency(((1, 4),)), Latency(((3, 6),))),
        "slow": (Latency(((20, 4),)), Latency(((40, 6),))),
    }
    head = history.head_result(mix)
    assert {name: part.ok for name, part in head.parts.items()} == {"fast": 6, "slow": 6}
    assert not history.add_figures(NOTHING, make_profile()).part_latencies


def test_a_worker_that_is_idle_in_most_launches_is_the_codes_fault() -> None:
    blocks = tuple(replace(block_of(number, 1.0), idle_workers=(0, 1)) for number in range(6))
    assert all(one.discarded is None for one in History(blocks).rounds)


def test_rounds_in_which_a_worker_lost_its_connections_are_discarded_if_they_are_rare() -> None:
    unlucky = replace(block_of(0, 1.0), unbalanced=frozenset({1, 4}))
    rounds = History((unlucky, block_of(1, 1.0))).rounds
    places = [place for place, one in enumerate(rounds) if one.discarded]
    assert places == [1, 4]
    assert not any(one.discarded for one in History((unlucky,)).rounds)


def test_each_arm_says_why_its_workers_ended_whichever_block_that_was_in() -> None:
    exits = ("old", ""), ("", "its log says: a"), ("max_requests", ""), ("", "")
    blocks = (replace(block_of(0, 1.0), worker_exits=one) for one in exits)
    assert History(tuple(blocks)).worker_exits == ("base: max_requests", "head: its log says: a")
    assert not History((block_of(0, 1.0),)).worker_exits
