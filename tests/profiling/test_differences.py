"""Differences over launches, against scipy."""

from __future__ import annotations

from math import isclose

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from pytest_djworkers.profiling.differences import Launches, discoveries

TIMES = st.lists(
    st.tuples(st.integers(1, 1000), st.integers(1, 1000)), min_size=3, max_size=8, unique=True
)


@given(TIMES)
def test_the_chance_and_the_interval_are_those_of_welch(pairs: list[tuple[int, int]]) -> None:
    base, head = ([one / 1000 for one in arm] for arm in zip(*pairs, strict=True))
    assume(len(set(base)) > 1)
    assume(len(set(head)) > 1)
    found = Launches(base, head).difference()
    expected = stats.ttest_ind(head, base, equal_var=False)
    if not expected.pvalue > 1e-9:
        return
    # Its degrees of freedom are no whole number.
    whole = int(expected.df * (1 + 1e-9))
    chance = 2 * stats.t.sf(abs(expected.statistic), whole)
    assert isclose(found.chance, chance, rel_tol=1e-4, abs_tol=1e-6)
    assert found.chance >= expected.pvalue * (1 - 1e-6) - 1e-9
    error = abs(found.change_s / expected.statistic) if expected.statistic else None
    if error:
        assert found.either_way_s == pytest.approx(stats.t.isf(0.025, whole) * error, rel=1e-4)


def test_launches_that_agree_by_chance_are_not_taken_for_exact() -> None:
    exact = Launches([1.0] * 4, [1.1] * 4).difference()
    counted = Launches([1.0] * 4, [1.1] * 4, 0.1, 0.1).difference()
    assert exact.chance == 0
    assert counted.chance > 0.1
    assert counted.either_way_s > 0.3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_discoveries_are_those_of_benjamini_and_hochberg(chances: list[float]) -> None:
    adjusted = stats.false_discovery_control(chances)
    expected = {place for place, one in enumerate(adjusted) if one <= 0.05 * (1 - 1e-12)}
    unsure = {place for place, one in enumerate(adjusted) if isclose(one, 0.05, rel_tol=1e-9)}
    assert discoveries(dict(enumerate(chances)), 0.05) - unsure == expected - unsure
