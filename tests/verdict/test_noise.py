"""The noise floor: found where it is known, and what follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.noise import (
    Noise,
    noise_of,
    proposed_tolerance,
    smallest_visible,
)
from pytest_djworkers.verdict.rounds import Metric, Round
from pytest_djworkers.verdict.rule import RULE, judge
from tests.support.blocks import SPEEDS, block, blocks, window

BLOCK_S = 6.4
MEASURED = Noise(round_sd=0.088, launch_sd=0.037, blocks=8, rounds=48, discarded=0)


def drawn(rng: np.random.Generator, noise: Noise, number: int, loss: float = 0.0) -> list[Round]:
    """Blocks with that noise."""
    logs = rng.normal(0, noise.launch_sd, (number, 1)) + rng.normal(
        np.log(1 - loss), noise.round_sd, (number, 6)
    )
    return [one for i, ratios in enumerate(np.exp(logs)) for one in block(i, ratios.tolist())]


@pytest.mark.parametrize("metric", SPEEDS)
def test_known_noise_is_found(metric: Metric) -> None:
    rounds = drawn(np.random.default_rng(1), MEASURED, 2000)
    noise = noise_of(rounds, metric)
    assert noise.round_sd == pytest.approx(0.088, rel=0.03)
    assert noise.launch_sd == pytest.approx(0.037, rel=0.1)
    assert (noise.blocks, noise.rounds, noise.discarded) == (2000, 12000, 0)


def test_launches_that_are_alike_add_nothing() -> None:
    noise = noise_of(blocks([0.0] * 6))
    assert noise.launch_sd == 0
    assert noise.block_sd == pytest.approx(noise.round_sd / 6**0.5)


def test_discarded_rounds_are_not_in_the_noise() -> None:
    rounds = blocks([0.0] * 6)
    wild = [Round(window(), window(0.1), 2, discarded="the clock jumped")] * 3
    assert noise_of([*rounds, *wild]) == replace(noise_of(rounds), discarded=3)


def test_with_one_round_a_block_all_noise_is_that_of_blocks() -> None:
    rounds = drawn(np.random.default_rng(1), MEASURED, 2000)[::6]
    noise = noise_of(rounds)
    assert noise.round_sd == 0
    assert noise.block_sd == pytest.approx(np.hypot(0.088, 0.037), rel=0.05)


def test_too_few_rounds_raise_an_error() -> None:
    with pytest.raises(ValueError, match="6 rounds in 1 block "):
        noise_of(blocks([0.0]))


def test_more_time_detects_smaller_losses() -> None:
    seen = [smallest_visible(MEASURED, within_s=60 * x, block_s=BLOCK_S) for x in (1, 2, 5)]
    assert seen[0] is not None
    assert seen[1] is not None
    assert seen[2] is not None
    assert seen[0] > seen[1] > seen[2] > 0
    assert smallest_visible(MEASURED, within_s=60, block_s=11) is None


def test_more_noise_hides_larger_losses() -> None:
    wild = replace(MEASURED, launch_sd=0.09)
    calm = smallest_visible(MEASURED, within_s=120, block_s=BLOCK_S)
    rough = smallest_visible(wild, within_s=120, block_s=BLOCK_S)
    assert calm is not None
    assert rough is not None
    assert rough > calm
    assert proposed_tolerance(wild) > proposed_tolerance(MEASURED)


@pytest.mark.parametrize("launch_sd", [0.0, 0.037, 0.09])
def test_the_smallest_visible_loss_is_detected_nine_times_in_ten(launch_sd: float) -> None:
    noise = replace(MEASURED, launch_sd=launch_sd)
    number = 18
    loss = smallest_visible(noise, within_s=number * 7.0, block_s=7.0)
    assert loss is not None
    one_look = replace(RULE, early_looks=(), looks=(number,), change_share=0.0)
    rng = np.random.default_rng(3)
    trials = 400
    seen = 0
    for _ in range(trials):
        found = judge(
            drawn(rng, noise, number, loss), metric=Metric.RPS, tolerance=0.0, rule=one_look
        )
        assert isinstance(found, Judgement)
        seen += found.verdict is Verdict.REGRESSED
    assert 0.84 < seen / trials < 0.96


@pytest.mark.parametrize("launch_sd", [0.0, 0.037, 0.09])
def test_the_proposed_tolerance_is_ok_nine_times_in_ten(launch_sd: float) -> None:
    noise = replace(MEASURED, launch_sd=launch_sd)
    tolerance = proposed_tolerance(noise)
    rng = np.random.default_rng(4)
    trials = 200
    verdicts = []
    for _ in range(trials):
        rounds = drawn(rng, noise, RULE.most_blocks)
        found = judge(rounds, metric=Metric.RPS, tolerance=tolerance)
        assert isinstance(found, Judgement)
        verdicts.append(found.verdict)
    assert verdicts.count(Verdict.OK) / trials > 0.84
    assert verdicts.count(Verdict.REGRESSED) / trials < 0.02


def test_a_quiet_machine_is_proposed_a_whole_percent() -> None:
    assert proposed_tolerance(replace(MEASURED, round_sd=0.0, launch_sd=0.0)) == 0.01
    share = proposed_tolerance(MEASURED) * 100
    assert share == pytest.approx(round(share))
