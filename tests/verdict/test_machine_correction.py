"""The part of log ratios that the machine's speed explains, held to a least-squares fit."""

from __future__ import annotations

from dataclasses import replace
from math import exp, hypot

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_djworkers.verdict.estimate import mean_of
from pytest_djworkers.verdict.look import Look
from pytest_djworkers.verdict.machine_correction import Corrected, corrected
from pytest_djworkers.verdict.rounds import Metric, Round
from tests.support.blocks import window

BLOCKS, ROUNDS = 12, 6
rounded = st.floats(-1, 1).map(lambda x: round(x, 3))
pairs = st.lists(
    st.lists(st.tuples(rounded, rounded), min_size=1, max_size=5), min_size=2, max_size=8
)


def drawn(
    slope: float, *, seed: int = 1, noise: float = 0.03, of_head: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Log ratios with launches and noise of their own, and those of the machine's speeds."""
    rng = np.random.default_rng(seed)
    speeds = rng.normal(of_head, 0.2, (BLOCKS, ROUNDS))
    launches = rng.normal(0, 0.05, (BLOCKS, 1))
    return slope * speeds + launches + rng.normal(0, noise, speeds.shape), speeds


def both(ratios: np.ndarray, speeds: np.ndarray) -> Corrected:
    return corrected(ratios.tolist(), speeds.tolist())


def deviation(found: Corrected) -> float:
    """The standard deviation within blocks."""
    return float(np.std(np.array(found.by_block), axis=1, ddof=1).mean())


@pytest.mark.parametrize("slope", [1.0, 0.5])
def test_what_the_machine_explains_is_taken_off(slope: float) -> None:
    ratios, speeds = drawn(slope)
    found = both(ratios, speeds)
    assert deviation(found) == pytest.approx(0.03, rel=0.2)
    assert found.shift == pytest.approx(slope * speeds.mean(), rel=0.1)
    assert np.array(found.by_block).mean() == pytest.approx(ratios.mean() - found.shift)


def test_a_view_that_waits_is_left_as_it_is() -> None:
    ratios, speeds = drawn(0.0)
    found = both(ratios, speeds)
    assert np.array(found.by_block) == pytest.approx(ratios, abs=0.02)
    assert abs(found.shift) < 0.005


def test_nothing_is_more_than_as_fast_as_the_machine() -> None:
    ratios, speeds = drawn(3.0)
    assert np.array(both(ratios, speeds).by_block) == pytest.approx(ratios - speeds)
    ratios, speeds = drawn(-1.0)
    assert np.array(both(ratios, speeds).by_block) == pytest.approx(ratios)


def test_what_head_does_to_the_machine_is_not_taken_off() -> None:
    ratios, speeds = drawn(1.0, of_head=-0.2)
    assert both(ratios, speeds).by_block == tuple(map(tuple, ratios.tolist()))


def test_few_rounds_are_left_as_they_are() -> None:
    assert corrected([[0.1], [0.2], [0.3]], [[0.1], [0.2], [0.3]]) == Corrected(
        ((0.1,), (0.2,), (0.3,))
    )
    assert corrected([[0.1] * 9, [0.2]], [[0.1] * 9, [0.1]]).shift == 0
    assert corrected([], []) == Corrected(())


def test_what_is_not_known_of_the_slope_widens_the_interval() -> None:
    ratios, speeds = drawn(1.0, noise=0.2, of_head=0.05)
    rounds = [
        [
            Round(
                replace(window(), machine_speed=1.0),
                replace(window(exp(y)), machine_speed=exp(x)),
                number,
            )
            for y, x in zip(*block, strict=True)
        ]
        for number, block in enumerate(zip(ratios.tolist(), speeds.tolist(), strict=True))
    ]
    seen = Look(rounds, Metric.RPS, 0.1)
    as_if_known = mean_of(seen.sample.by_block)
    assert seen.mean is not None
    assert as_if_known is not None
    assert seen.sample.machine_error > 0.001
    assert seen.mean.error == pytest.approx(hypot(as_if_known.error, seen.sample.machine_error))


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=8), st.floats(0, 2), st.integers(0, 2**32 - 1)
)
def test_the_slope_is_that_of_least_squares_with_a_mean_for_each_block(
    sizes: list[int], slope: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(len(sizes)), sizes)
    x = rng.normal(0, 0.2, len(number))
    y = slope * x + rng.normal(0, 0.1, len(sizes))[number] + rng.normal(0, 0.1, len(number))

    def by_block(values: np.ndarray) -> list[list[float]]:
        return [values[number == block].tolist() for block in range(len(sizes))]

    found = corrected(by_block(y), by_block(x))
    taken_off = y - np.array([one for block in found.by_block for one in block])
    assume(taken_off.any())
    design = np.column_stack([x, number[:, None] == np.arange(len(sizes))])
    solved, *_ = np.linalg.lstsq(design, y, rcond=None)
    left = y - design @ solved
    variance = left @ left / (len(y) - len(sizes) - 1) * np.linalg.inv(design.T @ design)[0, 0]
    # Of the speed, so much is taken off as the fit says, less what may be chance, and no more.
    shrunk = solved[0] * (1 - variance / solved[0] ** 2)
    assert taken_off == pytest.approx(x * min(1.0, shrunk))
    mean = np.mean([np.mean(block) for block in by_block(x)])
    assert found.error == pytest.approx(variance**0.5 * abs(mean))


@given(pairs)
def test_swapped_arms_are_mirrored(drawn: list[list[tuple[float, float]]]) -> None:
    def found(sign: int) -> Corrected:
        return corrected(
            [[sign * y for y, _ in block] for block in drawn],
            [[sign * x for _, x in block] for block in drawn],
        )

    one, other = found(1), found(-1)
    assert [list(block) for block in one.by_block] == [
        pytest.approx([-y for y in block]) for block in other.by_block
    ]
    assert one.shift == pytest.approx(-other.shift)
