"""The stacks of both arms, as flame graphs draw them."""

from __future__ import annotations

import pytest

from pytest_djworkers.profiling.flames import flame_of, functions_on
from tests.support.stacks import BURN, DUMPS, VIEW, WORKER, stack


def test_stacks_have_their_mean_time_in_both_arms() -> None:
    base = [[stack(VIEW, ms=2), stack(VIEW, ms=2), stack(VIEW, BURN, ms=1)], [stack(VIEW, ms=6)]]
    head = [[stack(VIEW, DUMPS, ms=3)], [stack(VIEW, DUMPS, ms=5)]]
    found = flame_of(base, head)
    assert found.functions == (WORKER, VIEW, BURN, DUMPS)
    assert [one.functions for one in found.stacks] == [(0, 1), (0, 1, 2), (0, 1, 3)]
    assert [one.base_s for one in found.stacks] == pytest.approx([0.005, 0.0005, 0])
    assert [one.head_s for one in found.stacks] == pytest.approx([0, 0, 0.004])


def test_stacks_with_very_little_time_are_left_out() -> None:
    rare = [[stack(VIEW, ms=1000), stack(BURN, ms=0.9), stack(DUMPS, ms=1.1)]]
    assert flame_of([()], rare).functions == (WORKER, VIEW, DUMPS)


def test_nothing_has_no_stacks() -> None:
    assert flame_of([()], [()]).stacks == ()


def test_functions_are_told_from_the_outermost() -> None:
    assert list(functions_on(stack(VIEW, BURN, ms=1))) == [WORKER, VIEW, BURN]
