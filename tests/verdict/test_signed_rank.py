"""The exact interval and its estimate, held to scipy's exact p-value and to all sign choices."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_djworkers.verdict.signed_rank import averages_cut, centre, smallest_number

LEVELS = (0.9, 0.95, 0.98, 0.99)
INPUTS = 120
"""Random inputs for each number of values: 26 of those, over 3,000 in all."""
GRID = 24

values = st.lists(st.floats(-10, 10).map(lambda x: round(x, 3)), min_size=8, max_size=40)


def walsh(sample: np.ndarray) -> np.ndarray:
    """The sorted averages of all pairs, each value with itself included."""
    first, second = np.triu_indices(len(sample))
    return np.sort((sample[first] + sample[second]) / 2)


@pytest.mark.parametrize("n", range(5, 31))
def test_the_interval_is_where_scipys_exact_p_value_exceeds_the_rest_of_the_level(n: int) -> None:
    rng = np.random.default_rng(n)
    drawn = np.concatenate(
        [rng.normal(0.3, 1, (INPUTS // 2, n)), rng.standard_cauchy((INPUTS // 2, n))]
    )
    # Between two averages the p-value is the same: their middles are a grid that misses nothing.
    averages = np.array([walsh(sample) for sample in drawn])
    middles = (averages[:, 1:] + averages[:, :-1]) / 2
    steps = np.unique(np.linspace(0, middles.shape[1] - 1, GRID).astype(int))
    for level in LEVELS:
        cut = averages_cut(n, level)
        if cut is None:
            continue
        ends = [cut - 1, cut, middles.shape[1] - 1 - cut, middles.shape[1] - cut]
        tried = middles[:, [step for step in {*steps, *ends} if 0 <= step < middles.shape[1]]]
        centred = drawn[:, None, :] - tried[:, :, None]
        p = stats.wilcoxon(centred, axis=-1, method="exact").pvalue
        for sample, points, inside in zip(drawn, tried, p > 1 - level + 1e-12, strict=True):
            interval = centre(sample.tolist(), level).interval
            assert interval is not None
            low, high = interval
            assert ((points > low) & (points < high)).tolist() == inside.tolist()


@pytest.mark.parametrize("n", range(5, 31))
@pytest.mark.parametrize("level", LEVELS)
def test_an_interval_shorter_by_one_average_would_miss_the_level(n: int, level: float) -> None:
    # scipy's p-value when all ranks up to r are negative, n (n + 1) / 2 - r positive
    cut = averages_cut(n, level)

    def p(rank_sum: int) -> float:
        signs, left = [], rank_sum
        for rank in range(n, 0, -1):
            signs.append(-rank if rank <= left else rank)
            left -= rank if rank <= left else 0
        assert left == 0
        return float(stats.wilcoxon(signs, method="exact").pvalue)

    if cut is None:
        assert p(0) > 1 - level + 1e-12
    else:
        assert p(cut) <= 1 - level + 1e-12
        assert p(cut + 1) > 1 - level + 1e-12


@pytest.mark.parametrize(("level", "n"), [(0.9, 5), (0.95, 6), (0.98, 7), (0.99, 8), (0.9375, 5)])
def test_the_smallest_number_that_reaches_a_level(level: float, n: int) -> None:
    assert smallest_number(level) == n
    assert centre(range(n - 1), level).interval is None
    assert centre(range(n), level).interval == (0, n - 1)


@pytest.mark.parametrize(
    "sizes",
    [
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 2, 2, 3, 3, 3, 4, 4, 5],
        [0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        [0, 0, 0, 0, 0, 1, 1, 1, 2, 2],
    ],
    ids=["plain", "all tied", "ties", "zeros", "ties and zeros"],
)
@pytest.mark.parametrize("level", LEVELS)
def test_enough_choices_of_signs_keep_the_centre_in_the_interval(
    sizes: list[int], level: float
) -> None:
    covered = 0
    for signs in product((-1, 1), repeat=len(sizes)):
        interval = centre(
            [sign * size for sign, size in zip(signs, sizes, strict=True)], level
        ).interval
        assert interval is not None
        covered += interval[0] <= 0 <= interval[1]
    assert covered / 2 ** len(sizes) >= level


def test_without_ties_the_level_is_that_of_the_distribution() -> None:
    covered = sum(
        interval[0] < 0 < interval[1]
        for signs in product((-1, 1), repeat=8)
        # Powers of two: no two averages are the same, and none is 0.
        if (interval := centre([s * 2.0**i for i, s in enumerate(signs)], 0.95).interval)
    )
    assert covered == 2**8 - 2 * 5  # P(W <= 3) = 5 / 256


def test_equal_values_have_an_interval_of_no_width() -> None:
    found = centre([2.0] * 9, 0.98)
    assert found.estimate == 2.0
    assert found.interval == (2.0, 2.0)


def test_zeros_stay_in_the_interval() -> None:
    found = centre([0.0] * 10 + [1.0] * 3, 0.98)
    assert found.interval is not None
    assert found.estimate == 0.0
    assert found.interval[0] == 0.0


def test_no_values_raise_an_error() -> None:
    with pytest.raises(ValueError, match="no values"):
        centre([], 0.95)


@pytest.mark.parametrize("level", [0, 1, 98])
def test_a_level_outside_0_and_1_raises_an_error(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        averages_cut(10, level)


@given(values)
def test_the_estimate_is_the_median_of_the_averages(sample: list[float]) -> None:
    found = centre(sample, 0.98)
    assert found.estimate == pytest.approx(np.median(walsh(np.array(sample))))
    assert found.interval is not None
    assert found.interval[0] <= found.estimate <= found.interval[1]


@given(values, st.floats(-5, 5), st.floats(0.1, 10))
def test_the_interval_moves_and_stretches_with_the_values(
    sample: list[float], shift: float, scale: float
) -> None:
    plain = centre(sample, 0.95)
    moved = centre([scale * x + shift for x in sample], 0.95)
    assert plain.interval is not None
    assert moved.interval == pytest.approx([scale * x + shift for x in plain.interval])
    assert moved.estimate == pytest.approx(scale * plain.estimate + shift)


@given(values, st.randoms())
def test_the_order_does_not_matter_and_changed_signs_mirror_the_interval(
    sample: list[float], random: object
) -> None:
    plain, shuffled = centre(sample, 0.98), sample.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis
    assert centre(shuffled, 0.98) == plain
    turned = centre([-x for x in sample], 0.98)
    assert plain.interval is not None
    assert turned.interval == pytest.approx([-x for x in reversed(plain.interval)])
    assert turned.estimate == pytest.approx(-plain.estimate)


@given(values)
def test_the_interval_of_a_higher_level_is_never_narrower(sample: list[float]) -> None:
    narrow, wide = centre(sample, 0.9).interval, centre(sample, 0.99).interval
    assert narrow is not None
    assert wide is not None
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]
