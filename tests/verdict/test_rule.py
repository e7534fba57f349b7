"""The rule for comparisons: its looks, its messages, and what no rounds can make it say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.rounds import OF_ROUNDS, Metric, Round, Window
from pytest_djworkers.verdict.rule import RULE, Rule, judge, judge_open
from tests.support.blocks import SPEEDS, STEADY, block, blocks, window

EARLY, FIRST, LAST = RULE.early_looks[0], RULE.looks[0], RULE.most_blocks


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


def test_the_rule_asks_for_the_next_look_with_the_estimate_so_far() -> None:
    assert judge([], metric=Metric.RPS, tolerance=0.1) == MoreBlocks(EARLY)
    found = judge(blocks([0.2] * 3), metric=Metric.RPS, tolerance=0.1)
    assert isinstance(found, MoreBlocks)
    assert found.total == FIRST
    assert found.estimate is not None
    assert found.estimate.ratio == pytest.approx(0.8, rel=0.01)


@pytest.mark.parametrize("metric", SPEEDS)
def test_no_change_is_ok_at_the_first_look(metric: Metric) -> None:
    found = judged(blocks([0.0] * FIRST), metric=metric)
    assert (found.verdict, found.metric, found.blocks) == (Verdict.OK, metric, FIRST)
    assert found.rounds == FIRST * len(STEADY)
    assert found.estimate is not None
    assert found.estimate.ratio == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("metric", SPEEDS)
def test_a_loss_beyond_the_tolerance_is_regressed(metric: Metric) -> None:
    found = judged(blocks([0.2] * RULE.change_blocks), metric=metric)
    assert found.fails
    assert found.blocks == RULE.change_blocks
    assert found.estimate is not None
    assert found.estimate.level == RULE.change_level
    assert "beyond the tolerance of 10%" in found.reason


@pytest.mark.parametrize("metric", SPEEDS)
def test_a_gain_beyond_the_tolerance_is_improved(metric: Metric) -> None:
    found = judged(blocks([-0.2] * RULE.change_blocks), metric=metric)
    assert found.verdict is Verdict.IMPROVED


@pytest.mark.parametrize("metric", SPEEDS)
@pytest.mark.parametrize("loss", [0.5, 0.9, 0.99])
def test_a_large_loss_takes_two_blocks(metric: Metric, loss: float) -> None:
    found = judged(blocks([loss] * 2), metric=metric)
    assert (found.verdict, found.blocks) == (Verdict.REGRESSED, 2)
    assert "in each block" in found.reason
    assert found.estimate is not None


def test_a_large_loss_with_one_round_a_block_takes_three_blocks() -> None:
    single = [one for number in range(3) for one in block(number, [0.3])]
    assert waits(single[:2]) == 3
    assert judged(single).verdict is Verdict.REGRESSED


@pytest.mark.parametrize("metric", SPEEDS)
def test_a_head_without_responses_is_regressed(metric: Metric) -> None:
    silent = [
        replace(
            one,
            head=replace(one.head, responses=0, p95_s=None, cpu_per_request_s=None),
        )
        for one in blocks([0.0] * 2)
    ]
    assert judged(silent, metric=metric).verdict is Verdict.REGRESSED


def test_one_stalled_window_does_not_decide() -> None:
    rounds = blocks([0.0] * FIRST)
    rounds[0] = replace(rounds[0], head=replace(rounds[0].head, responses=1))
    assert judged(rounds).verdict is Verdict.OK


def on_a_machine(losses: Sequence[float], speeds: Sequence[float]) -> list[Round]:
    """Blocks on a machine that has such speeds while head is measured, one after the other."""
    rounds = []
    for one, speed in zip(blocks(losses), cycle(speeds), strict=False):
        head = replace(one.head, responses=round(one.head.responses * speed), machine_speed=speed)
        rounds.append(replace(one, base=replace(one.base, machine_speed=1.0), head=head))
    return rounds


UNEVEN = (0.7, 0.7, 1.4, 1.4, 1.1, 0.75, 1.2)


def test_changes_of_the_machine_delay_no_verdict() -> None:
    steady = judged(blocks([0.0] * FIRST))
    rounds = on_a_machine([0.0] * FIRST, UNEVEN)
    found = judged(rounds)
    assert (found.verdict, found.blocks) == (steady.verdict, steady.blocks)
    unknown = [replace(one, head=replace(one.head, machine_speed=None)) for one in rounds]
    assert waits(unknown) > FIRST
    found = judged(on_a_machine([0.2] * RULE.change_blocks, UNEVEN))
    assert (found.verdict, found.blocks) == (Verdict.REGRESSED, RULE.change_blocks)


def test_a_machine_that_was_slower_for_head_is_in_the_reason() -> None:
    found = judged(on_a_machine([0.0] * FIRST, (0.8, 1.1, 0.7, 0.8, 1.2)))
    assert found.verdict is Verdict.OK
    assert "; 11% is allowed for, since the machine was slower for head" in found.reason
    found = judged(on_a_machine([0.0] * FIRST, (1.1, 1.4, 0.9, 1.0)))
    assert "; 9% is allowed for, since the machine was faster for head" in found.reason
    assert "the machine" not in judged(on_a_machine([0.0] * FIRST, (1.25, 0.8))).reason


@pytest.mark.parametrize("base", [0.5, 30.0, 1e6])
def test_a_loss_of_a_slow_view_counts_as_that_of_a_fast_one(base: float) -> None:
    slow = [
        replace(
            one,
            base=replace(one.base, window_s=1 / base),
            head=replace(one.head, window_s=1 / base),
        )
        for one in blocks([0.24] * RULE.change_blocks)
    ]
    assert judged(slow).verdict is Verdict.REGRESSED


def test_blocks_after_the_decision_change_nothing() -> None:
    calm = blocks([0.0] * FIRST)
    worse = [one for number in range(FIRST, 20) for one in block(number, times=0.5)]
    assert judged([*calm, *worse]) == judged(calm)


def test_judging_after_every_block_gives_the_same_verdict() -> None:
    rounds = blocks([0.12, 0.02, 0.07, 0.1] * 8)
    whole = judged(rounds, tolerance=0.05)
    for run in range(1, whole.blocks):
        so_far = [one for one in rounds if one.block < run]
        asked = judge(so_far, metric=Metric.RPS, tolerance=0.05)
        assert isinstance(asked, MoreBlocks)
        assert run < asked.total <= whole.blocks


def test_an_inconclusive_comparison_says_what_is_known() -> None:
    found = judged(blocks([0.0, 0.17] * (LAST // 2)), tolerance=0.1)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "so it may be within the tolerance of 10% or beyond it" in found.reason


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([0.0] * 3, "so far within the tolerance"),
        ([0.3] * 3, "probably beyond the tolerance"),
        ([0.3], "too few rounds to compare"),
    ],
)
def test_a_comparison_that_must_stop_is_inconclusive(losses: list[float], words: str) -> None:
    found = judge_open(blocks(losses), metric=Metric.RPS, tolerance=0.1)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert words in found.reason
    decided = blocks([0.0] * FIRST)
    assert judge_open(decided, metric=Metric.RPS, tolerance=0.1) == judged(decided)


# What can't be compared.


def discarded(rounds: list[Round], every: int) -> list[Round]:
    """Return the rounds with this many of ten discarded."""
    return [
        replace(one, discarded="CPU steal") if number % 10 < every else one
        for number, one in enumerate(rounds)
    ]


def test_discarded_rounds_are_in_the_reason() -> None:
    found = judged(discarded(blocks([0.0] * FIRST), 2))
    assert found.verdict is Verdict.OK
    assert "6 of 24 rounds left out: CPU steal (6)" in found.reason


def test_an_unreliable_machine_is_not_compared_at_the_last_look() -> None:
    assert waits(discarded(blocks([0.2] * FIRST), 4)) == RULE.looks[1]
    found = judged(discarded(blocks([0.2] * LAST), 4))
    assert found.verdict is Verdict.NOT_COMPARED
    assert found.reason.startswith("unreliable machine: ")


def test_a_missing_figure_is_in_the_reason() -> None:
    rounds = [
        replace(one, head=replace(one.head, cpu_per_request_s=None)) for one in blocks([0] * LAST)
    ]
    found = judged(rounds, metric=Metric.CPU_PER_REQUEST)
    assert found.verdict is Verdict.NOT_COMPARED
    assert f"no CPU time per request ({len(rounds)})" in found.reason


# Errors and lost workers go first.


def failing(rounds: list[Round], share: float = 0.02) -> list[Round]:
    """The rounds, two in three with errors in head."""
    return [
        replace(one, head=replace(one.head, errors=round(share * one.head.judged)))
        if number % 3
        else one
        for number, one in enumerate(rounds)
    ]


@pytest.mark.parametrize("metric", OF_ROUNDS)
def test_errors_decide_after_two_blocks(metric: Metric) -> None:
    found = judged(failing(blocks([-0.5] * EARLY)), metric=metric, tolerance=0.005)
    assert (found.verdict, found.metric) == (Verdict.REGRESSED, Metric.ERRORS)
    assert (found.blocks, found.reason) == (2, "errors 1.33% against 0%, in 8 of 12 rounds")


def test_the_errors_figure_has_its_own_tolerance() -> None:
    rounds = failing(blocks([0.0] * FIRST))
    assert judged(rounds, metric=Metric.ERRORS, tolerance=0.02).verdict is Verdict.OK
    assert judged(rounds, metric=Metric.ERRORS, tolerance=0.01).verdict is Verdict.REGRESSED


def test_errors_of_both_arms_leave_their_speed() -> None:
    both = [
        replace(one, base=replace(one.base, errors=5), head=replace(one.head, errors=5))
        for one in blocks([0.0] * FIRST)
    ]
    assert judged(both).verdict is Verdict.OK


def test_workers_that_only_head_loses_are_a_regression() -> None:
    dying = [
        replace(one, head=replace(one.head, lost_worker=True)) for one in blocks([0.0] * EARLY)
    ]
    found = judged(dying)
    assert found.verdict is Verdict.REGRESSED
    assert "workers of head ended in 2 of 2 blocks" in found.reason
    both = [replace(one, base=one.head) for one in dying]
    assert waits(both) == 3


@pytest.mark.parametrize("tolerance", [-0.1, float("nan")])
def test_a_negative_tolerance_raises_an_error(tolerance: float) -> None:
    with pytest.raises(ValueError, match="a tolerance is 0 or more"):
        judge([], metric=Metric.RPS, tolerance=tolerance)


def test_a_rule_without_looks_raises_an_error() -> None:
    with pytest.raises(ValueError, match="without looks"):
        judge([], metric=Metric.RPS, tolerance=0.1, rule=Rule(looks=()))


# Whatever the rounds.

SMALL = Rule(looks=(4, 5, 7), change_level=0.98, change_blocks=4)
"""Few rounds, for many examples."""
Drawn = Sequence[tuple[float, list[tuple[float, float]]]]
"""Blocks: a launch, and rounds with the log ratio of the machine's speeds."""
logs = st.lists(
    st.tuples(
        st.floats(-0.5, 0.5),
        st.lists(
            st.tuples(st.floats(-0.3, 0.3), st.just(0.0) | st.floats(-0.3, 0.3)),
            min_size=1,
            max_size=4,
        ),
    ),
    min_size=SMALL.most_blocks,
    max_size=SMALL.most_blocks,
)
shifts = st.floats(-1.0, 1.0)
speeds = st.sampled_from(SPEEDS)
tolerances = st.floats(0.0, 0.6)


def noisy(drawn: Drawn, shift: float, scale: float = 1e6) -> list[Round]:
    """Rounds of any shape."""
    return [
        Round(
            replace(window(base=scale), machine_speed=1.0),
            replace(
                window(exp((launch + x) * 0.3 + shift + speed), base=scale),
                machine_speed=exp(speed),
            ),
            number,
        )
        for number, (launch, rounds) in enumerate(drawn)
        for x, speed in rounds
    ]


def small(rounds: list[Round], metric: Metric, tolerance: float) -> Judgement:
    """By the small rule."""
    found = judge(rounds, metric=metric, tolerance=tolerance, rule=SMALL)
    assert isinstance(found, Judgement)
    return found


@given(logs, shifts, speeds, tolerances)
@settings(deadline=None)
def test_swapped_arms_never_have_the_same_bad_verdict(
    drawn: Drawn, shift: float, metric: Metric, tolerance: float
) -> None:
    rounds = noisy(drawn, shift)
    plain = small(rounds, metric, tolerance)
    turned = small(
        [replace(one, base=one.head, head=one.base) for one in rounds], metric, tolerance
    )
    mirrored = {Verdict.REGRESSED: Verdict.IMPROVED, Verdict.IMPROVED: Verdict.REGRESSED}
    for one, other in ((plain, turned), (turned, plain)):
        # A comparison that is within the tolerance on its bad side may end before a gain is sure.
        if one.verdict in mirrored:
            assert other.verdict is mirrored[one.verdict] or (
                other.verdict is Verdict.OK and other.blocks <= one.blocks
            )


@given(logs, shifts, st.floats(0.1, 10), speeds, tolerances)
@settings(deadline=None)
def test_only_the_ratios_of_the_figures_matter(
    drawn: Drawn, shift: float, scale: float, metric: Metric, tolerance: float
) -> None:
    rounds = noisy(drawn, shift)

    def scaled(one: Round, *names: str) -> Round:
        arms = {
            arm: replace(
                getattr(one, arm),
                **{each: getattr(getattr(one, arm), each) * scale for each in names},
            )
            for arm in ("base", "head")
        }
        return replace(one, **arms)

    figure = {
        Metric.RPS: "window_s",
        Metric.P95: "p95_s",
        Metric.CPU_PER_REQUEST: "cpu_per_request_s",
    }[metric]
    plain = small(rounds, metric, tolerance)
    other = small([scaled(one, figure, "machine_speed") for one in rounds], metric, tolerance)
    assert (plain.verdict, plain.blocks) == (other.verdict, other.blocks)


@given(logs, shifts, speeds, tolerances)
@settings(deadline=None)
def test_a_verdict_never_contradicts_its_interval(
    drawn: Drawn, shift: float, metric: Metric, tolerance: float
) -> None:
    found = small(noisy(drawn, shift), metric, tolerance)
    assert found.reason
    assert found.estimate is not None
    low, high = found.estimate.interval
    assert low <= found.estimate.ratio <= high
    if metric is Metric.RPS:
        worst, best, least = log(low), log(high), log(1 - tolerance)
    else:
        worst, best, least = -log(high), -log(low), -log(1 + tolerance)
    if best < least:  # wholly beyond the tolerance on the bad side
        assert found.verdict is not Verdict.OK
    if worst > least + 1e-9:  # wholly inside
        assert found.verdict is not Verdict.REGRESSED
    if found.verdict is Verdict.REGRESSED:
        assert best <= 1e-9
    if found.verdict is Verdict.IMPROVED:
        assert worst >= -1e-9


JUDGED = 1000
failures = st.integers(0, 60)
shares = st.lists(
    st.tuples(failures, failures), min_size=SMALL.most_blocks, max_size=SMALL.most_blocks
)
error_tolerances = st.sampled_from([0.0, 0.005, 0.02, 0.05])
kinds = st.sampled_from(["errors", "timeouts"])


def with_failures(drawn: Sequence[tuple[int, int]], kind: str, times: int = 1) -> list[Round]:
    """Blocks of a round each, with so many requests of each arm that fail."""

    def arm(number: int) -> Window:
        plain = window(**{kind: number * times})
        return replace(plain, judged=JUDGED * times)

    return [Round(arm(base), arm(head), number) for number, (base, head) in enumerate(drawn)]


@given(shares, kinds, error_tolerances)
@settings(deadline=None)
def test_errors_beyond_the_tolerance_are_never_ok_and_within_it_never_regressed(
    drawn: Sequence[tuple[int, int]], kind: str, tolerance: float
) -> None:
    rounds = with_failures(drawn, kind)
    found = small(rounds, Metric.ERRORS, tolerance)
    seen = drawn[: found.blocks]
    base, head = (sum(arm) / (JUDGED * len(seen)) for arm in zip(*seen, strict=True))
    blocks_with_errors = sum(of_head > 0 for _, of_head in seen)
    if head > base + tolerance and blocks_with_errors >= 2:
        assert found.verdict is Verdict.REGRESSED
    else:
        assert found.verdict is Verdict.OK


@given(shares, kinds, error_tolerances, st.integers(2, 50))
@settings(deadline=None)
def test_only_the_shares_of_errors_matter(
    drawn: Sequence[tuple[int, int]], kind: str, tolerance: float, times: int
) -> None:
    plain = small(with_failures(drawn, kind), Metric.ERRORS, tolerance)
    more = small(with_failures(drawn, kind, times), Metric.ERRORS, tolerance)
    assert (plain.verdict, plain.blocks) == (more.verdict, more.blocks)


@given(shares, kinds, error_tolerances)
@settings(deadline=None)
def test_of_swapped_arms_only_one_has_more_errors(
    drawn: Sequence[tuple[int, int]], kind: str, tolerance: float
) -> None:
    plain = small(with_failures(drawn, kind), Metric.ERRORS, tolerance)
    turned = small(
        with_failures([(head, base) for base, head in drawn], kind), Metric.ERRORS, tolerance
    )
    if plain.fails and turned.fails:
        # Later blocks may show the opposite of what the first ones did.
        assert plain.blocks != turned.blocks
