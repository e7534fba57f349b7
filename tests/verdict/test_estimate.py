"""The estimate, its interval in words, and the spread of the rounds, held to scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_djworkers.verdict.estimate import (
    Estimate,
    Mean,
    mean_of,
    spread_of,
    without_outliers,
)
from pytest_djworkers.verdict.rounds import Metric

groups = st.lists(
    st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=1, max_size=8),
    min_size=2,
    max_size=12,
).filter(lambda found: sum(map(len, found)) > len(found))


@given(groups)
def test_the_spread_is_that_of_an_analysis_of_variance(by_block: list[list[float]]) -> None:
    spread = spread_of(by_block)
    assert spread is not None
    if spread.within > 1e-9:
        f = stats.f_oneway(*[np.array(one) for one in by_block]).statistic
        assert spread.between / spread.within == pytest.approx(f, rel=1e-6, abs=1e-6)
    assert spread.launch_variance >= 0


def test_a_spread_takes_two_blocks_and_a_block_of_two_rounds() -> None:
    assert spread_of([[0.1, 0.2, 0.3]]) is None
    assert spread_of([[0.1], [0.2], [0.3]]) is None
    assert spread_of([[0.1], [0.2], [0.3, 0.4]]) is not None


def test_known_parts_of_the_variance_are_found() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.normal(0, 0.05, (4000, 1)) + rng.normal(0, 0.1, (4000, 6))
    spread = spread_of(drawn.tolist())
    assert spread is not None
    assert spread.within**0.5 == pytest.approx(0.1, rel=0.02)
    assert spread.launch_variance**0.5 == pytest.approx(0.05, rel=0.05)


def test_the_interval_is_that_of_students_t_over_blocks() -> None:
    by_block = [[x] for x in (0.1, -0.02, 0.05, 0.03, -0.04)]
    found = mean_of(by_block)
    assert found is not None
    values = [one for (one,) in by_block]
    expected = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert found.interval(0.95) == pytest.approx(expected)


def test_the_error_is_no_less_than_the_rounds_explain() -> None:
    found = mean_of([[-0.1, 0.0, 0.1]] * 4)
    assert found is not None
    assert found.error == pytest.approx(0.1 / 12**0.5)
    assert mean_of([[0.1, 0.2]]) is None


def test_one_outlier_is_moved_to_the_others() -> None:
    (first, *others) = without_outliers([[-5.0, 0.0, 0.1], [0.0, -0.1, 0.1]])
    assert first[0] > -0.3
    assert others == [[0.0, -0.1, 0.1]]
    assert without_outliers([[-5.0], [0.1]]) == [[-5.0], [0.1]]


def test_many_rounds_that_are_far_off_are_no_outliers() -> None:
    # Half of the rounds show a loss, and the others agree closely: so it was for a commit that cost
    # 17 % more.
    by_block = [[0.01, -0.3, 0.0, -0.25, -0.01, 0.02], [0.0, -0.3, 0.01, -0.01, -0.35, 0.0]]
    calm = without_outliers(by_block)
    assert [calm[0][1], calm[0][3]] == [-0.3, -0.25]
    mean = mean_of(by_block)
    assert mean is not None
    assert mean.value < -0.09


@given(groups)
def test_a_fifth_of_the_rounds_is_moved_at_most(by_block: list[list[float]]) -> None:
    calm = without_outliers(by_block)
    pairs = [
        pair for old, new in zip(by_block, calm, strict=True) for pair in zip(old, new, strict=True)
    ]
    assert sum(abs(old - new) > 1e-9 for old, new in pairs) <= len(pairs) / 5


@pytest.mark.parametrize(("metric", "ratio"), [(Metric.RPS, 0.9), (Metric.P95, 1 / 0.9)])
def test_an_estimate_is_a_ratio_of_figures(metric: Metric, ratio: float) -> None:
    estimate = Mean(float(np.log(0.9)), 0.01, 8).estimate(metric, 0.95)
    assert estimate.ratio == pytest.approx(ratio)
    assert estimate.interval[0] < estimate.ratio < estimate.interval[1]


def test_an_estimate_in_words_has_interval_level_and_blocks() -> None:
    assert str(Estimate(0.9, (0.85, 0.95), 0.9998, 8)) == (
        "-10.0% (-15.0% to -5.0% at 99.98%, 8 blocks)"
    )
