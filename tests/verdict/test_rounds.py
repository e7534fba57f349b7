"""The rounds that can be compared, and the sample that they give."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest

from pytest_djworkers.verdict.rounds import Metric, Round, blocks_of, count_discarded, sample_of
from tests.support.blocks import BASE, SPEEDS, block, window


@pytest.mark.parametrize("metric", SPEEDS)
def test_a_log_ratio_is_negative_if_head_is_worse(metric: Metric) -> None:
    assert Round(window(), window(0.8), 0).log_ratio(metric) == pytest.approx(log(0.8))
    assert Round(window(0.8), window(), 0).log_ratio(metric) == pytest.approx(-log(0.8))


def test_a_window_without_a_response_is_not_infinitely_bad() -> None:
    stalled = Round(window(), replace(window(), responses=0), 0)
    assert stalled.log_ratio(Metric.RPS) == pytest.approx(log(0.5 / (BASE * 10)))


def test_rounds_that_are_left_out_are_counted() -> None:
    rounds = [
        *block(3, [1.0, 0.9]),
        *block(1, [0.8]),
        Round(window(), window(errors=1), 1),
        Round(window(errors=1), window(), 2),
        Round(replace(window(), p95_s=None), window(), 2),
        Round(window(), replace(window(), p95_s=0.0), 2),
        Round(window(), window(errors=1), 2, discarded="the clock jumped"),
    ]
    sample = sample_of(rounds, Metric.P95)
    assert [len(one) for one in sample.by_block] == [1, 2]
    assert sample.ratios == pytest.approx([log(0.8), 0.0, log(0.9)])
    assert (sample.with_errors, sample.without_figure) == (2, 2)
    assert sample_of(rounds, Metric.RPS).without_figure == 0
    assert sample_of([], Metric.RPS).by_block == ()


def test_reasons_are_counted_the_most_frequent_first() -> None:
    reasons = ["steal", "jumped", None, "starved", "steal"]
    rounds = [Round(window(), window(), 0, discarded=reason) for reason in reasons]
    assert count_discarded(rounds) == (("steal", 2), ("jumped", 1), ("starved", 1))


def test_blocks_are_in_the_order_of_their_numbers() -> None:
    rounds = [*block(5, [1.0]), *block(2, [0.9, 0.8]), *block(5, [0.7])]
    assert [[one.block for one in found] for found in blocks_of(rounds)] == [[2, 2], [5, 5]]
