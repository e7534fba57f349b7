"""The rounds of a comparison's blocks, and those with an idle worker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.compare.history import History
from tests.support.comparisons import block_of


@pytest.mark.parametrize(("blocks", "discarded"), [(3, False), (4, True), (8, True)])
def test_a_block_with_an_idle_worker_is_discarded_if_that_is_rare(
    blocks: int, discarded: bool
) -> None:
    unlucky = replace(block_of(0, 1.0), idle_workers=(1, 0))
    rounds = History((unlucky, *(block_of(number, 1.0) for number in range(1, blocks)))).rounds
    left_out = {one.block for one in rounds if one.discarded == "a worker got no connection"}
    assert left_out == ({0} if discarded else set())


def test_a_worker_that_is_idle_in_most_launches_is_the_codes_fault() -> None:
    blocks = tuple(replace(block_of(number, 1.0), idle_workers=(0, 1)) for number in range(6))
    assert all(one.discarded is None for one in History(blocks).rounds)


def test_rounds_in_which_a_worker_lost_its_connections_are_discarded_if_they_are_rare() -> None:
    unlucky = replace(block_of(0, 1.0), unbalanced=frozenset({1, 4}))
    rounds = History((unlucky, block_of(1, 1.0))).rounds
    places = [place for place, one in enumerate(rounds) if one.discarded]
    assert places == [1, 4]
    assert not any(one.discarded for one in History((unlucky,)).rounds)
