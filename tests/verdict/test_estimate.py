"""The estimate, its interval in words, and the spread of the rounds, held to scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_djworkers.verdict.estimate import Unit, estimate_of, spread_of, unit_of
from pytest_djworkers.verdict.rounds import Metric, sample_of
from tests.support.blocks import block

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


def test_rounds_are_the_unit_unless_launches_differ() -> None:
    calm = [[-0.1, 0.0, 0.1]] * 4
    assert unit_of(calm, 1.0) is Unit.ROUNDS
    apart = [[x + 0.2 * (number % 2) for x in one] for number, one in enumerate(calm)]
    assert unit_of(apart, 1.0) is Unit.BLOCKS
    assert unit_of(apart, 100.0) is Unit.ROUNDS
    assert unit_of([[0.1], [0.2]], 1.0) is Unit.BLOCKS


@pytest.mark.parametrize(("metric", "ratio"), [(Metric.RPS, 0.9), (Metric.P95, 1 / 0.9)])
def test_an_estimate_is_a_ratio_of_figures(metric: Metric, ratio: float) -> None:
    rounds = [one for number in range(8) for one in block(number, [0.88, 0.92], times=0.9 / 0.9)]
    sample = sample_of(rounds, metric)
    centre, estimate = estimate_of(sample, metric, Unit.ROUNDS, 0.98)
    assert estimate.ratio == pytest.approx(ratio, rel=1e-3)
    assert estimate.units == 16
    assert estimate.interval is not None
    assert centre.interval is not None
    low, high = estimate.interval
    assert low < estimate.ratio < high
    assert estimate.smallest_visible == pytest.approx(
        1 - np.exp((centre.interval[0] - centre.interval[1]) / 2)
    )
    assert estimate_of(sample, metric, Unit.BLOCKS, 0.98)[1].units == 8


def test_an_estimate_in_words_has_interval_level_and_units() -> None:
    sample = sample_of([one for number in range(8) for one in block(number)], Metric.RPS)
    rounds = estimate_of(sample, Metric.RPS, Unit.ROUNDS, 0.98)[1]
    assert str(rounds) == "-0.0% (-1.0% to +1.0% at 98%, 48 rounds)"
    few = sample_of([one for number in range(2) for one in block(number)], Metric.RPS)
    blocks = estimate_of(few, Metric.RPS, Unit.BLOCKS, 0.98)[1]
    assert str(blocks) == "-0.0% (too few for an interval: 2 blocks)"
    assert blocks.smallest_visible is None
