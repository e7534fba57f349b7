"""The rule for comparisons: its looks, its messages, and what no rounds can make it say."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers.verdict.estimate import Unit
from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round
from pytest_djworkers.verdict.rule import RULE, Rule, judge
from tests.support.blocks import SPEEDS, STEADY, block, blocks, window

FIRST, LAST = RULE.looks[0], RULE.looks[-1]
WILD = tuple(-0.25 if number % 2 else 0.25 for number in range(LAST))
"""Losses and gains of launches that differ, and of nothing else."""


def judged(
    rounds: list[Round], *, metric: Metric = Metric.RPS, tolerance: float = 0.1
) -> Judgement:
    """Return the judgement; fail if the rule asks for more blocks."""
    found = judge(rounds, metric=metric, tolerance=tolerance)
    assert isinstance(found, Judgement), found
    return found


def waits(rounds: list[Round], tolerance: float = 0.1) -> int:
    """Return the number of blocks that the rule asks for."""
    found = judge(rounds, metric=Metric.RPS, tolerance=tolerance)
    assert isinstance(found, MoreBlocks), found
    return found.total


def test_the_numbers_of_the_rule() -> None:
    assert RULE.most_blocks == 16
    assert list(RULE.looks) == sorted(set(RULE.looks))


@pytest.mark.parametrize("run", range(FIRST))
def test_no_verdict_before_the_first_look(run: int) -> None:
    assert waits(blocks([0.5] * run)) == FIRST


@pytest.mark.parametrize("metric", SPEEDS)
def test_no_change_is_ok_at_the_first_look(metric: Metric) -> None:
    found = judged(blocks([0.0] * FIRST), metric=metric)
    assert found.verdict is Verdict.OK
    assert not found.fails
    assert found.metric is metric
    assert (found.blocks, found.rounds) == (FIRST, FIRST * len(STEADY))
    assert found.estimate is not None
    assert found.estimate.unit is Unit.ROUNDS
    assert found.estimate.ratio == pytest.approx(1.0, abs=0.005)


def test_the_reason_has_the_figure_and_its_interval() -> None:
    assert judged(blocks([0.0] * FIRST)).reason == (
        "requests/s -0.0% (-1.0% to +1.0% at 98%, 24 rounds)"
    )


def test_a_loss_within_the_tolerance_is_ok() -> None:
    found = judged(blocks([0.05] * FIRST))
    assert found.verdict is Verdict.OK


def test_a_loss_of_the_tolerance_takes_all_looks() -> None:
    rounds = blocks([0.1] * LAST)
    for look, then in zip(RULE.looks, RULE.looks[1:], strict=False):
        assert waits([one for one in rounds if one.block < look], 0.102) == then
    assert judged(rounds, tolerance=0.102).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("metric", SPEEDS)
def test_a_gain_is_improved_at_the_first_look(metric: Metric) -> None:
    found = judged(blocks([-0.2] * FIRST), metric=metric)
    assert found.verdict is Verdict.IMPROVED
    assert not found.fails
    assert found.blocks == FIRST
    assert "consider saving a new baseline" in found.reason


def test_blocks_are_the_unit_if_launches_differ() -> None:
    assert waits(blocks(WILD[:FIRST])) == RULE.looks[1]
    found = judged(blocks(WILD))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.blocks == LAST
    assert found.estimate is not None
    assert found.estimate.unit is Unit.BLOCKS
    assert found.estimate.units == LAST
    assert "the smallest change that this run could detect is" in found.reason


def test_blocks_as_the_unit_decide_once_they_are_enough() -> None:
    losses = [0.3, 0.5, 0.35, 0.45, 0.4, 0.3, 0.5, 0.4] * 2
    assert waits(blocks(losses[:4])) == 6
    assert waits(blocks(losses[:6])) == 8
    found = judged(blocks(losses))
    assert found.verdict is Verdict.REGRESSED
    assert found.estimate is not None
    assert found.estimate.unit is Unit.BLOCKS


def test_blocks_after_the_decision_change_nothing() -> None:
    calm = blocks([0.0] * FIRST)
    worse = [one for number in range(FIRST, 20) for one in block(number, times=0.5)]
    assert judged([*calm, *worse]) == judged(calm)


def test_judging_after_every_block_gives_the_same_verdict() -> None:
    rounds = blocks([0.12, 0.02, 0.07, 0.1] * 4)
    whole = judged(rounds, tolerance=0.05)
    for run in range(1, whole.blocks):
        so_far = [one for one in rounds if one.block < run]
        asked = judge(so_far, metric=Metric.RPS, tolerance=0.05)
        assert isinstance(asked, MoreBlocks)
        assert run <= asked.total <= whole.blocks
    assert judged([one for one in rounds if one.block < whole.blocks], tolerance=0.05) == whole


# What can't be compared.


def discarded(rounds: list[Round], every: int, of: int = 10) -> list[Round]:
    """Return the rounds with this many of ten discarded."""
    return [
        replace(one, discarded="the generator was starved") if number % of < every else one
        for number, one in enumerate(rounds)
    ]


def test_discarded_rounds_are_in_the_reason() -> None:
    found = judged(discarded(blocks([0.0] * FIRST), 2))
    assert found.verdict is Verdict.OK
    assert found.discarded == (("the generator was starved", 6),)
    assert found.estimate is not None
    assert found.estimate.units == 18
    assert "6 of 24 rounds left out: the generator was starved (6)" in found.reason


def test_an_unreliable_machine_is_not_compared_at_the_last_look() -> None:
    assert waits(discarded(blocks([0.2] * FIRST), 4)) == RULE.looks[1]
    found = judged(discarded(blocks([0.2] * LAST), 4))
    assert found.verdict is Verdict.NOT_COMPARED
    assert found.reason.startswith("unreliable machine: 40 of 96 rounds left out")
    assert found.estimate is None


def test_errors_in_all_rounds_leave_too_few_to_compare() -> None:
    failing = [Round(window(errors=5), window(errors=5), number) for number in range(LAST)]
    found = judged(failing)
    assert found.verdict is Verdict.NOT_COMPARED
    assert found.reason == "too few rounds to compare: 16 of 16 rounds left out: errors (16)"
    assert found.with_errors == LAST


def test_a_missing_figure_is_in_the_reason() -> None:
    rounds = [
        replace(one, head=replace(one.head, cpu_per_request_s=None)) for one in blocks([0] * LAST)
    ]
    found = judged(rounds, metric=Metric.CPU_PER_REQUEST)
    assert found.verdict is Verdict.NOT_COMPARED
    assert "no CPU time per request (96)" in found.reason
    assert found.without_figure == 96


# Errors go first.


def failing(rounds: list[Round], share: float = 0.02) -> list[Round]:
    """The rounds, two in three with errors in head."""
    return [
        replace(one, head=replace(one.head, errors=round(share * one.head.judged)))
        if number % 3
        else one
        for number, one in enumerate(rounds)
    ]


@pytest.mark.parametrize("metric", Metric)
def test_errors_are_judged_before_any_figure(metric: Metric) -> None:
    found = judged(failing(blocks([-0.5] * FIRST)), metric=metric, tolerance=0.005)
    assert found.verdict is Verdict.REGRESSED
    assert found.metric is Metric.ERRORS
    assert found.reason == "errors 1.33% against 0%, in 16 of 24 rounds"
    assert found.estimate is None


def test_the_errors_figure_does_not_look_at_the_speed() -> None:
    found = judged(blocks([0.5] * FIRST), metric=Metric.ERRORS, tolerance=0.005)
    assert found.verdict is Verdict.OK
    assert found.reason == "errors 0% against 0%"


def test_the_errors_figure_has_its_own_tolerance() -> None:
    rounds = failing(blocks([0.0] * FIRST))
    assert judged(rounds, metric=Metric.ERRORS, tolerance=0.02).verdict is Verdict.OK
    assert judged(rounds, metric=Metric.ERRORS, tolerance=0.01).verdict is Verdict.REGRESSED
    assert judged(rounds, metric=Metric.RPS, tolerance=0.5).metric is Metric.ERRORS


@pytest.mark.parametrize("tolerance", [-0.1, float("nan")])
def test_a_negative_tolerance_raises_an_error(tolerance: float) -> None:
    with pytest.raises(ValueError, match="a tolerance is 0 or more"):
        judge([], metric=Metric.RPS, tolerance=tolerance)


def test_a_rule_without_looks_raises_an_error() -> None:
    with pytest.raises(ValueError, match="without looks"):
        judge([], metric=Metric.RPS, tolerance=0.1, rule=Rule(looks=()))


# Whatever the rounds.

SMALL = Rule(looks=(3, 5, 7))
"""Few rounds, for many examples."""
ORDER = [Verdict.REGRESSED, Verdict.INCONCLUSIVE, Verdict.OK, Verdict.IMPROVED]
SWAPPED = {
    Verdict.IMPROVED: Verdict.REGRESSED,
    Verdict.REGRESSED: Verdict.IMPROVED,
}
logs = st.lists(
    st.tuples(st.floats(-0.5, 0.5), st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=3)),
    min_size=SMALL.most_blocks,
    max_size=SMALL.most_blocks,
)
shifts = st.floats(-0.6, 0.6)


def noisy(drawn: list[tuple[float, list[float]]], shift: float, scale: float = 1e6) -> list[Round]:
    """Rounds of any shape, far above all floors."""
    return [
        Round(window(base=scale), window(exp((launch + x) * 0.3 + shift), base=scale), number)
        for number, (launch, ratios) in enumerate(drawn)
        for x in ratios
    ]


def small(rounds: list[Round], tolerance: float = 0.1) -> Judgement:
    """By the small rule, requests/s."""
    found = judge(rounds, metric=Metric.RPS, tolerance=tolerance, rule=SMALL)
    assert isinstance(found, Judgement)
    return found


@given(logs, shifts)
@settings(deadline=None)
def test_swapped_arms_have_the_opposite_verdict(
    drawn: list[tuple[float, list[float]]], shift: float
) -> None:
    rounds = noisy(drawn, shift)
    plain = small(rounds)
    turned = small([replace(one, base=one.head, head=one.base) for one in rounds])
    if turned.verdict in SWAPPED:
        assert plain.verdict is SWAPPED[turned.verdict]


@given(logs, shifts, st.floats(0.1, 10))
@settings(deadline=None)
def test_only_the_ratios_of_the_figures_matter(
    drawn: list[tuple[float, list[float]]], shift: float, scale: float
) -> None:
    plain, scaled = small(noisy(drawn, shift)), small(noisy(drawn, shift, 1e7 * scale))
    assert plain.verdict is scaled.verdict
    assert plain.blocks == scaled.blocks


@given(logs, shifts, st.randoms())
@settings(deadline=None)
def test_the_order_of_rounds_in_a_block_does_not_matter(
    drawn: list[tuple[float, list[float]]], shift: float, random: object
) -> None:
    rounds = noisy(drawn, shift)
    shuffled = rounds.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis
    plain, other = small(rounds), small(shuffled)
    assert (plain.verdict, plain.blocks) == (other.verdict, other.blocks)


@given(logs, shifts, st.floats(0, 0.5), st.floats(0, 0.4))
@settings(deadline=None)
def test_a_wider_tolerance_fails_no_more(
    drawn: list[tuple[float, list[float]]], shift: float, tolerance: float, more: float
) -> None:
    rule = replace(SMALL, looks=(7,))  # one look: with several, other blocks confirm
    rounds = noisy(drawn, shift)

    def found(share: float) -> Judgement:
        judgement = judge(rounds, metric=Metric.RPS, tolerance=share, rule=rule)
        assert isinstance(judgement, Judgement)
        return judgement

    narrow, wide = found(tolerance), found(tolerance + more)
    assert narrow.fails or not wide.fails
    if narrow.verdict is Verdict.OK:
        assert wide.verdict is Verdict.OK


@given(logs, shifts, st.floats(0, 0.3))
@settings(deadline=None)
def test_a_verdict_never_contradicts_its_interval(
    drawn: list[tuple[float, list[float]]], shift: float, tolerance: float
) -> None:
    found = small(noisy(drawn, shift), tolerance)
    assert found.reason
    assert found.estimate is not None
    interval = found.estimate.interval
    assert interval is not None
    assert interval[0] <= found.estimate.ratio <= interval[1]
    if found.verdict is Verdict.REGRESSED:
        assert interval[1] < 1
        assert found.estimate.ratio < 1 - tolerance + 1e-9
    if found.verdict is Verdict.OK:
        assert interval[0] > 1 - tolerance - 1e-9
    if found.verdict is Verdict.IMPROVED:
        assert interval[0] > 1
        assert log(found.estimate.ratio) > -log(1 - tolerance) - 1e-9
