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
        # A sample of an arm was interrupted, or was lucky.
        ((*FAST[1:], 0.2), (*SLOW[1:], 0.0001), False),
        ((*FAST[1:], 0.2), SLOW, False),
        ((*FAST[1:], 0.0145), SLOW, True),
        # 0.1 ms is no matter, however certain it is.
        ((0.0001,) * 5, (0.0005,) * 5, False),
        ((0.0001,) * 5, (0.0007,) * 5, True),
        # A machine that is busy with something else makes a launch slower as a whole.
        ((0.1,) * 5, (0.39,) * 5, False),
        ((0.1,) * 5, (0.41,) * 5, True),
        ((0.1,) * 5, (0.1, 0.1, 0.5, 0.5, 0.5), False),
        ((0.1,) * 5, (0.39, 0.9, 0.9, 0.9, 0.9), False),
        ((0.1,), (0.9,) * 5, False),
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


@pytest.mark.parametrize(("launches", "ratio"), [(1, 4.0), (2, 3.0), (3, 2.0), (4, 1.5), (9, 1.5)])
def test_several_launches_tell_smaller_changes(launches: int, ratio: float) -> None:
    base = (0.1,) * max(launches, 5)
    for factor, told in ((0.95, False), (1.05, True)):
        assert differ(base, [one * ratio * factor for one in base], launches=launches) is told


TIMES = st.lists(st.floats(0, 10), min_size=1, max_size=9)


@given(TIMES, TIMES)
def test_the_arms_may_change_their_places(base: list[float], head: list[float]) -> None:
    assert differ(base, head) == differ(head, base)
    assert not differ(base, base)
