"""The random plan of a block."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.compare import plan

ROUNDS = 6
seeds = st.integers(0, 10**6)


def block(seed: int, number: int) -> plan.BlockPlan:
    """Return the plan of a block."""
    return plan.plan_block(seed, number)


@given(seeds, st.integers(0, 100))
def test_the_same_seed_gives_the_same_plan(seed: int, number: int) -> None:
    assert block(seed, number) == block(seed, number)


@given(seeds, st.integers(0, 100))
def test_the_order_alternates_and_both_arms_are_in_each_round(seed: int, number: int) -> None:
    rounds = list(block(seed, number).rounds(ROUNDS))
    assert len(rounds) == ROUNDS
    assert all(sorted(order) == [0, 1] for order in rounds)
    assert all(one == other[::-1] for one, other in itertools.pairwise(rounds))
    assert sorted(block(seed, number).launches) == [0, 1]


@given(seeds, st.integers(0, 100))
def test_ports_are_swapped_from_block_to_block(seed: int, number: int) -> None:
    here, there = block(seed, number).ports, block(seed, number + 1).ports
    assert here == there[::-1]
    assert sorted(here) == [0, 1]


def test_the_first_launch_and_the_first_window_are_drawn_independently() -> None:
    plans = [block(1, number) for number in range(400)]
    drawn = Counter((plan.launched_first, plan.fired_at_first) for plan in plans)
    assert len(drawn) == 4
    assert min(drawn.values()) > 60
    assert len({plan.hash_seed for plan in plans}) > 390
    assert max(plan.hash_seed for plan in plans) < 2**32


def test_another_seed_gives_other_plans() -> None:
    some, others = ([block(seed, n) for n in range(40)] for seed in (1, 2))
    assert some != others
