"""Slow responses, which requests/s can miss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round, Window
from pytest_djworkers.verdict.rule import judge, judge_open
from pytest_djworkers.verdict.slow_responses import may_have_more_slow, more_slow

LEVEL = 0.9998
WINDOW = Window(
    responses=500,
    window_s=0.25,
    errors=0,
    timeouts=0,
    judged=500,
    p95_s=0.05,
    cpu_per_request_s=0.001,
)


def rounds_with(*slow: int, base: int = 0, faster: float = 1.0) -> list[Round]:
    """Return two rounds for each number of head's slow responses in a block."""
    head = replace(WINDOW, responses=round(500 * faster))
    return [
        Round(replace(WINDOW, slow=base), replace(head, slow=number), block)
        for block, number in enumerate(slow)
        for _ in range(2)
    ]


def judged(rounds: list[Round]) -> Judgement | MoreBlocks:
    """Return the judgement of requests/s at a tolerance of 10 %."""
    return judge(rounds, metric=Metric.RPS, tolerance=0.1)


def test_a_tail_that_all_blocks_show_is_a_regression_at_the_same_speed() -> None:
    found = judged(rounds_with(10, 11, 9, 10, 10, 11))
    assert isinstance(found, Judgement)
    assert (found.verdict, found.metric) == (Verdict.REGRESSED, Metric.ERRORS)
    assert found.reason == (
        "slow responses 2% against 0% (longer than 5 times base's usual latency)"
    )


def test_a_tail_is_no_regression_if_base_has_it_too() -> None:
    found = judged(rounds_with(10, 11, 9, 10, base=10))
    assert isinstance(found, Judgement)
    assert found.verdict is Verdict.OK


def test_one_stall_is_no_regression() -> None:
    found = judged(rounds_with(60, 0, 0, 0))
    assert isinstance(found, Judgement)
    assert found.verdict is Verdict.OK


def test_two_stalls_leave_the_verdict_open() -> None:
    stalled = rounds_with(60, 0, 40, 0)
    assert may_have_more_slow(stalled)
    assert more_slow(stalled, LEVEL) is None
    assert isinstance(judged(stalled), MoreBlocks)
    assert judge_open(stalled, metric=Metric.RPS, tolerance=0.1).reason.endswith(
        "so far within the tolerance of 10%, but head may have more slow responses"
    )


def test_few_more_slow_responses_are_none() -> None:
    assert more_slow(rounds_with(2, 2, 2, 2, 2, 2), LEVEL) is None
    assert not may_have_more_slow(rounds_with(2, 2, 2, 2))


@pytest.mark.parametrize("faster", [1.3, 3.0])
def test_a_faster_head_is_not_improved_by_being_slow_for_some(faster: float) -> None:
    blocks = 32
    found = judged(rounds_with(*(30 if n % 3 else 0 for n in range(blocks)), faster=faster))
    assert isinstance(found, Judgement)
    assert found.verdict is not Verdict.IMPROVED
