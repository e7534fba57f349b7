"""The expected length of a run, without one."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.run.expected_length import (
    COMPARISON,
    Timing,
    burst,
    expected_s,
    known_timings,
    least_budget_s,
)

TIMINGS = st.builds(Timing, st.floats(0, 1000), st.integers(0, 20), st.booleans())


def test_nine_endpoints_under_two_servers_fit_into_eight_minutes() -> None:
    assert least_budget_s([COMPARISON] * 18) < 480
    assert expected_s([COMPARISON] * 18, 480) == 480
    assert expected_s([COMPARISON] * 6, 480) < 480


def test_a_comparison_that_was_ended_would_have_taken_as_many_blocks_as_usual() -> None:
    assert Timing(20.0, 2, was_ended=True).whole_s == 50.0
    assert Timing(20.0, 2).whole_s == 20.0
    assert burst(11.0).whole_s == burst(11.0).least_look_s == 13.0


@given(st.lists(TIMINGS), st.floats(0, 1000))
def test_a_look_takes_no_longer_than_the_whole(timings: list[Timing], budget_s: float) -> None:
    for one in timings:
        assert one.least_look_s <= one.first_look_s <= one.seconds <= one.whole_s
    assert expected_s(timings, budget_s) <= budget_s


@given(st.dictionaries(st.text(), TIMINGS))
def test_what_is_stored_is_read_again(timings: dict[str, Timing]) -> None:
    assert known_timings({test: asdict(one) for test, one in timings.items()}) == timings


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"test": None},
        {"test": {"seconds": "1", "blocks": 1, "was_ended": False}},
        {"test": {"seconds": -1.0, "blocks": 1, "was_ended": False}},
        {"test": {"seconds": 1.0, "blocks": True, "was_ended": False}},
    ],
)
def test_what_another_version_has_stored_is_ignored(stored: object) -> None:
    assert known_timings(stored) == {}
