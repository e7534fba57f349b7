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

FIRST, LAST, FRESH = RULE.looks[0], RULE.looks[-1], RULE.confirming_blocks
WILD = tuple(-0.25 if number % 2 else 0.25 for number in range(LAST))
"""Losses and gains of launches that differ, and of nothing else."""


def judged(
    rounds: list[Round], *, metric: Metric = Metric.RPS, tolerance: float = 0.1
) -> Judgement:
    """Return the judgement; fail if the rule asks for more blocks."""
    found = judge(rounds, metric=metric, tolerance=tolerance)
    assert isinstance(found, Judgement), found
    return found


def waits(rounds: list[Round], tolerance: float = 0.1) -> tuple[int, bool]:
    """Return the number of blocks that the rule asks for, and whether they are to confirm."""
    found = judge(rounds, metric=Metric.RPS, tolerance=tolerance)
    assert isinstance(found, MoreBlocks), found
    return found.total, found.confirming


def test_the_numbers_of_the_rule() -> None:
    assert RULE.most_blocks == 24
    assert list(RULE.looks) == sorted(set(RULE.looks))


@pytest.mark.parametrize("run", range(FIRST))
def test_no_verdict_before_the_first_look(run: int) -> None:
    assert waits(blocks([0.5] * run)) == (FIRST, False)


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


@pytest.mark.parametrize("metric", SPEEDS)
def test_a_loss_must_be_confirmed_by_fresh_blocks(metric: Metric) -> None:
    seen = blocks([0.2] * (FIRST + FRESH))
    first = [one for one in seen if one.block < FIRST + FRESH - 1]
    found = judge(first, metric=metric, tolerance=0.1)
    assert found == MoreBlocks(FIRST + FRESH, confirming=True)
    last = judged(seen, metric=metric)
    assert last.verdict is Verdict.REGRESSED
    assert last.fails
    assert last.blocks == FIRST + FRESH
    assert last.confirmation is not None
    assert last.confirmation.units == FRESH * len(STEADY)
    assert last.confirmation.level == RULE.confirming_level
    assert last.estimate is not None
    assert last.estimate.units == FIRST * len(STEADY)
    assert "beyond the tolerance of 10%" in last.reason
    assert "confirmed by 8 fresh blocks" in last.reason


def test_a_loss_that_is_not_confirmed_is_inconclusive_or_ok() -> None:
    found = judged(blocks([0.2] * FIRST + [0.0] * FRESH))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert not found.fails
    assert "at first -20" in found.reason
    rule = replace(RULE, confirming_blocks=FRESH + 2)
    calm = blocks([0.11] * FIRST + [0.0] * (FRESH + 2))
    whole = judge(calm, metric=Metric.RPS, tolerance=0.1, rule=rule)
    assert isinstance(whole, Judgement)
    assert whole.verdict is Verdict.OK


@pytest.mark.parametrize("first", ["interval", "tolerance"])
def test_the_fresh_blocks_must_meet_both_conditions(first: str) -> None:
    fresh = [0.08] * FRESH if first == "tolerance" else [-0.02, 0.27] * (FRESH // 2)
    found = judged(blocks([0.2] * FIRST + fresh))
    assert found.verdict is not Verdict.REGRESSED
    assert "; confirmed by" not in found.reason
    assert "not confirmed by 8 fresh blocks" in found.reason


def test_a_loss_within_the_tolerance_is_ok() -> None:
    found = judged(blocks([0.05] * FIRST))
    assert found.verdict is Verdict.OK
    assert waits(blocks([0.05] * FIRST), tolerance=0.03) == (FIRST + FRESH, True)


def test_a_loss_of_the_tolerance_takes_all_looks() -> None:
    rounds = blocks([0.1] * LAST)
    for look, then in zip(RULE.looks, RULE.looks[1:], strict=False):
        assert waits([one for one in rounds if one.block < look], 0.102) == (then, False)
    assert judged(rounds, tolerance=0.102).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("metric", SPEEDS)
def test_a_gain_is_improved_at_the_first_look(metric: Metric) -> None:
    found = judged(blocks([-0.2] * FIRST), metric=metric)
    assert found.verdict is Verdict.IMPROVED
    assert not found.fails
    assert found.blocks == FIRST
    assert "consider saving a new baseline" in found.reason


def test_blocks_are_the_unit_if_launches_differ() -> None:
    assert waits(blocks(WILD[:FIRST])) == (RULE.looks[1], False)
    found = judged(blocks(WILD))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.blocks == LAST
    assert found.estimate is not None
    assert found.estimate.unit is Unit.BLOCKS
    assert found.estimate.units == LAST
    assert "the smallest change that this run could detect is" in found.reason


def test_blocks_as_the_unit_decide_once_they_are_enough() -> None:
    losses = [0.3, 0.5, 0.35, 0.45, 0.4, 0.3, 0.5, 0.4] * 2
    assert waits(blocks(losses[:4])) == (6, False)
    assert waits(blocks(losses[:6])) == (8, False)
    assert waits(blocks(losses[:8])) == (8 + FRESH, True)
    found = judged(blocks(losses))
    assert found.verdict is Verdict.REGRESSED
    assert found.confirmation is not None
    assert found.confirmation.unit is Unit.BLOCKS


def test_blocks_after_the_decision_change_nothing() -> None:
    calm = blocks([0.0] * FIRST)
    worse = [one for number in range(FIRST, 20) for one in block(number, times=0.5)]
    assert judged([*calm, *worse]) == judged(calm)


def test_judging_after_every_block_gives_the_same_verdict() -> None:
    rounds = blocks([0.12, 0.02, 0.07, 0.1] * 6)
    whole = judged(rounds, tolerance=0.05)
    for run in range(1, whole.blocks):
        so_far = [one for one in rounds if one.block < run]
        asked = judge(so_far, metric=Metric.RPS, tolerance=0.05)
        assert isinstance(asked, MoreBlocks)
        assert run <= asked.total <= whole.blocks
    assert judged([one for one in rounds if one.block < whole.blocks], tolerance=0.05) == whole


# Figures too small to count.


@pytest.mark.parametrize(("rps", "verdict"), [(30, Verdict.OK), (19, Verdict.OK), (200, None)])
def test_a_loss_of_few_requests_per_second_does_not_count(
    rps: float, verdict: Verdict | None
) -> None:
    rounds = blocks([0.4] * FIRST, base=rps)
    found = judge(rounds, metric=Metric.RPS, tolerance=0.1)
    assert getattr(found, "verdict", None) is verdict


def test_a_gain_of_few_requests_per_second_does_not_count() -> None:
    assert judged(blocks([-0.4] * FIRST, base=40)).verdict is Verdict.OK
    assert judged(blocks([-0.4] * FIRST, base=60)).verdict is Verdict.IMPROVED


@pytest.mark.parametrize(("p95_s", "counts"), [(0.010, False), (0.040, True)])
def test_a_few_milliseconds_do_not_count(p95_s: float, counts: bool) -> None:
    slow = [
        replace(
            one,
            base=replace(one.base, p95_s=p95_s),
            head=replace(one.head, p95_s=(one.head.p95_s or 0) / 0.2 * p95_s),
        )
        for one in blocks([0.2] * FIRST)  # 12.5 and 50 ms
    ]
    found = judge(slow, metric=Metric.P95, tolerance=0.1)
    assert isinstance(found, MoreBlocks) is counts
    assert counts or judged(slow, metric=Metric.P95).verdict is Verdict.OK


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
    assert waits(discarded(blocks([0.2] * FIRST), 4)) == (RULE.looks[1], False)
    found = judged(discarded(blocks([0.2] * LAST), 4))
    assert found.verdict is Verdict.NOT_COMPARED
    assert found.reason.startswith("unreliable machine: 40 of 96 rounds left out")
    assert found.estimate is None


def test_an_unreliable_machine_confirms_nothing() -> None:
    rounds = blocks([0.2] * (FIRST + FRESH))
    calm = [one for one in rounds if one.block < FIRST]
    found = judged([*calm, *discarded(rounds[len(calm) :], 4)])
    assert found.verdict is Verdict.NOT_COMPARED
    assert found.estimate is not None


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


def test_errors_in_the_fresh_blocks_decide_as_well() -> None:
    rounds = blocks([0.2] * (FIRST + FRESH))
    calm = [one for one in rounds if one.block < FIRST]
    found = judged([*calm, *failing(rounds[len(calm) :])])
    assert (found.verdict, found.metric) == (Verdict.REGRESSED, Metric.ERRORS)
    assert found.blocks == FIRST + FRESH


@pytest.mark.parametrize("tolerance", [-0.1, float("nan")])
def test_a_negative_tolerance_raises_an_error(tolerance: float) -> None:
    with pytest.raises(ValueError, match="a tolerance is 0 or more"):
        judge([], metric=Metric.RPS, tolerance=tolerance)


def test_a_rule_without_looks_raises_an_error() -> None:
    with pytest.raises(ValueError, match="without looks"):
        judge([], metric=Metric.RPS, tolerance=0.1, rule=Rule(looks=()))


# Whatever the rounds.

SMALL = Rule(rounds_per_block=3, looks=(3, 5, 7), confirming_blocks=5)
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
    if turned.verdict is Verdict.IMPROVED:
        # What is improved one way needs no confirmation, a loss does.
        assert plain.verdict in ORDER[:3]
        assert plain.confirmation is not None
        assert plain.blocks == turned.blocks + SMALL.confirming_blocks
    if plain.verdict is Verdict.REGRESSED and plain.estimate is not None:
        assert turned.verdict is not Verdict.REGRESSED
        assert turned.estimate is not None
        if turned.verdict is Verdict.IMPROVED:
            assert turned.estimate.ratio == pytest.approx(1 / plain.estimate.ratio)


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
        assert found.confirmation is not None
        assert found.confirmation.interval is not None
        assert found.confirmation.interval[1] < 1
        assert found.confirmation.ratio < 1 - tolerance + 1e-9
    if found.verdict is Verdict.OK:
        assert interval[0] > 1 - tolerance - 1e-9
    if found.verdict is Verdict.IMPROVED:
        assert interval[0] > 1
        assert log(found.estimate.ratio) > -log(1 - tolerance) - 1e-9
