"""The moments of a fixed rate, without a clock."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.rate import FixedRate, Share, StagedRate

SECOND = 1_000_000_000
START = 7 * SECOND
rates = st.floats(1, 50_000)


@given(rates, st.integers(1, 5))
def test_agents_interleave_into_one_even_rate(rate: float, agents: int) -> None:
    end = START + 200 * SECOND // max(1, int(rate))
    plans = [FixedRate(rate, Share(index, agents), START, end) for index in range(agents)]
    moments = sorted(moment for plan in plans for moment in plan.left())
    assert moments[0] == START
    assert all(START <= moment < end for moment in moments)
    assert all(abs(b - a - SECOND / rate) <= 2 for a, b in pairwise(moments))
    assert len(moments) == pytest.approx((end - START) * rate / SECOND, abs=1.5)


@given(rates, st.integers(0, 2 * SECOND))
def test_times_that_have_come_are_taken_once_and_the_rest_is_left(rate: float, after: int) -> None:
    def plan() -> FixedRate:
        return FixedRate(rate, Share(), START, START + SECOND // 10)

    taker, watcher = plan(), plan()
    taken = []
    while (moment := taker.take(START + after)) is not None:
        taken.append(moment)
    assert all(moment <= START + after for moment in taken)
    assert [*taken, *taker.left()] == list(plan().left())
    # A moment is a whole nanosecond, and may be rounded to the other side of this one.
    assert watcher.overdue(START + after) == pytest.approx(len(taken), abs=1)
    assert taker.next_ns is None


def test_nothing_is_due_before_its_time() -> None:
    plan = FixedRate(10, Share(1, 2), START, START + SECOND)
    assert plan.next_ns == START + SECOND // 10
    assert plan.take(START + SECOND // 10 - 1) is None
    assert plan.overdue(START) == 0
    assert plan.take(START + SECOND // 10) == START + SECOND // 10
    assert plan.next_ns == START + 3 * SECOND // 10
    assert plan.overdue(START + SECOND) == 4


def test_rates_that_follow_each_other_are_one_plan() -> None:
    def plan(index: int = 0, of: int = 1) -> StagedRate:
        share, change, end = Share(index, of), START + SECOND, START + 3 * SECOND
        return StagedRate([FixedRate(2, share, START, change), FixedRate(4, share, change, end)])

    whole = list(plan().left())
    assert len(whole) == 2 * 1 + 4 * 2
    assert [b - a for a, b in pairwise(whole)] == [SECOND // 2] * 2 + [SECOND // 4] * 7
    assert sorted([*plan(0, 2).left(), *plan(1, 2).left()]) == whole
    taker = plan()
    assert taker.take(START + SECOND // 4) == START
    assert taker.next_ns == START + SECOND // 2
    assert taker.overdue(START + SECOND + SECOND // 4) == 3
    # What is late comes first, across the change.
    late = [taker.take(START + 2 * SECOND) for _ in range(4)]
    assert late == whole[1:5]
    assert [*taker.left()] == whole[5:]
    assert taker.take(START + 9 * SECOND) is None
