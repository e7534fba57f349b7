"""Only a time that grew for certain, and by enough, has grown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.profiling.statement_times import differ

FAST = (0.0004, 0.0005, 0.0004, 0.0006, 0.0005)
SLOW = (0.015, 0.014, 0.016, 0.015, 0.014)


@pytest.mark.parametrize(
    ("base", "head", "told"),
    [
        (FAST, SLOW, True),
        # One sample of each arm was interrupted, or was lucky.
        ((*FAST[1:], 0.2), (*SLOW[1:], 0.0001), False),
        ((*FAST[1:], 0.2), SLOW, False),
        ((*FAST[1:], 0.0145), SLOW, True),
        # 0.1 ms is no matter, however certain it is.
        ((0.0001,) * 5, (0.0005,) * 5, False),
        ((0.0001,) * 5, (0.0007,) * 5, True),
        # A tenth more is as much as launches of the same code differ by.
        ((0.1,) * 5, (0.12,) * 5, False),
        ((0.1,) * 5, (0.14,) * 5, True),
        ((0.1,) * 5, (0.1, 0.1, 0.16, 0.16, 0.16), False),
        # Few samples must differ by more.
        ((0.1,) * 2, (0.16,) * 5, False),
        ((0.1,) * 2, (0.31,) * 2, True),
        ((0.1,), (0.41,) * 5, False),
        ((0.1,), (1.1,), True),
        ((0.0,), (0.0,), False),
        ((0.0,) * 5, (0.01,) * 5, True),
    ],
)
def test_times_differ_by_more_than_chance_or_not(
    base: tuple[float, ...], head: tuple[float, ...], told: bool
) -> None:
    assert differ(base, head) is told
    assert differ(head, base) is told


TIMES = st.lists(st.floats(0, 10), min_size=1, max_size=9)


@given(TIMES, TIMES)
def test_the_arms_may_change_their_places(base: list[float], head: list[float]) -> None:
    assert differ(base, head) == differ(head, base)
    assert not differ(base, base)
