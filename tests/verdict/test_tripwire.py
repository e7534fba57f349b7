"""The rule against a stored baseline."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.prediction import (
    MOST_SESSIONS,
    prediction_floor,
)
from pytest_djworkers.verdict.rounds import Metric
from pytest_djworkers.verdict.tripwire import Figures, compare_with_stored

rates = st.floats(1.0, 1e6)


def compare(
    rps: float,
    *stored: float,
    errors: float = 0.0,
    stored_errors: float = 0.0,
    max_regression: float | None = None,
) -> BaselineVerdict:
    """Requests/s against stored ones, oldest first, with a tolerance of 10 %."""
    return compare_with_stored(
        Figures(rps, errors),
        [Figures(value, stored_errors) for value in stored],
        tolerance=0.1,
        max_regressions={} if max_regression is None else {Metric.RPS: max_regression},
    )


@pytest.mark.parametrize(
    ("rps", "verdict"),
    [
        (1000, Verdict.OK),
        (910, Verdict.OK),
        (890, Verdict.REGRESSED),
        (510, Verdict.REGRESSED),
        (1090, Verdict.OK),
        (1110, Verdict.IMPROVED),
        (5000, Verdict.IMPROVED),
    ],
)
def test_beyond_the_tolerance_is_a_warning(rps: float, verdict: Verdict) -> None:
    comparison = compare(rps, 1000)
    assert comparison.verdict is verdict
    assert not comparison.fails
    assert comparison.ratio == pytest.approx(rps / 1000)


@pytest.mark.parametrize(("rps", "fails"), [(510, False), (490, True), (0, True)])
def test_worse_by_a_factor_of_two_fails(rps: float, fails: bool) -> None:
    assert compare(rps, 1000).fails is fails


@pytest.mark.parametrize(("rps", "fails"), [(960, False), (940, True)])
def test_a_loss_beyond_the_tests_own_limit_fails(rps: float, fails: bool) -> None:
    comparison = compare(rps, 1000, max_regression=0.05)
    assert comparison.fails is fails
    assert ("max_regression(5%)" in comparison.reason) is fails


def test_a_lenient_limit_does_not_switch_the_tripwire_off() -> None:
    assert compare(490, 1000, max_regression=0.9).fails


@pytest.mark.parametrize(("rps", "fails"), [(720, False), (680, True)])
def test_with_ten_sessions_a_loss_of_30_percent_fails_when_it_is_unexpected(
    rps: float, fails: bool
) -> None:
    steady = [990.0, 1010.0] * 4 + [1000.0, 1000.0]
    assert compare(rps, *steady).fails is fails
    assert not compare(rps, *steady[1:]).fails


def test_a_loss_that_the_sessions_predict_does_not_fail() -> None:
    wild = [500.0, 1500.0] * 5 + [1000.0]
    assert not compare(650, *wild).fails


def test_only_the_last_session_is_what_was_accepted() -> None:
    assert compare(1000, 5000, 1000).verdict is Verdict.OK


@pytest.mark.parametrize(("rps", "stored"), [(1, 20), (19, 1), (81, 100)])
def test_a_small_change_never_counts(rps: float, stored: float) -> None:
    comparison = compare(rps, stored, max_regression=0.01)
    assert comparison.verdict is Verdict.OK
    assert not comparison.fails


def test_a_stored_zero_compares_with_nothing() -> None:
    assert compare(1000, 0).verdict is Verdict.NOT_COMPARED


@pytest.mark.parametrize(("errors", "regressed"), [(0.010, False), (0.014, False), (0.016, True)])
def test_more_errors_are_a_regression(errors: float, regressed: bool) -> None:
    comparison = compare(1000, 1000, errors=errors, stored_errors=0.01)
    assert (comparison.verdict is Verdict.REGRESSED) is regressed
    assert not comparison.fails
    asked = compare(1000, 1000, errors=errors, stored_errors=0.01, max_regression=0.5)
    assert asked.fails is regressed


def test_errors_do_not_hide_a_gross_loss() -> None:
    comparison = compare(100, 1000, errors=0.5)
    assert comparison.fails
    assert comparison.reason.startswith("errors 50%")
    assert "factor of 2" in comparison.reason


@given(rates, st.lists(rates, min_size=1, max_size=MOST_SESSIONS), rates)
def test_a_faster_burst_is_never_judged_worse(rps: float, stored: list[float], gain: float) -> None:
    slow, fast = compare(rps, *stored), compare(rps + gain, *stored)
    assert slow.fails or not fast.fails
    order = [Verdict.REGRESSED, Verdict.OK, Verdict.IMPROVED]
    assert order.index(fast.verdict) >= order.index(slow.verdict)


@given(rates, rates, st.floats(0, 1), st.sampled_from([None, 0.0, 0.3]))
def test_what_fails_is_a_regression_with_a_reason(
    rps: float, stored: float, errors: float, max_regression: float | None
) -> None:
    comparison = compare(rps, stored, errors=errors, max_regression=max_regression)
    assert comparison.verdict is Verdict.REGRESSED or not comparison.fails
    assert comparison.reason


def test_equal_sessions_predict_themselves() -> None:
    assert prediction_floor([500.0] * 12) == pytest.approx(500.0)


DEAR = Figures(1000, 0.0, p95_s=0.1, cpu_per_request_s=0.002)


@pytest.mark.parametrize(
    ("metric", "new", "fails"),
    [
        (Metric.P95, replace(DEAR, p95_s=0.119), False),
        (Metric.P95, replace(DEAR, p95_s=0.121), True),
        (Metric.CPU_PER_REQUEST, replace(DEAR, cpu_per_request_s=0.0023), False),
        (Metric.CPU_PER_REQUEST, replace(DEAR, cpu_per_request_s=0.0025), True),
        (Metric.ERRORS, replace(DEAR, error_share=0.19), False),
        (Metric.ERRORS, replace(DEAR, error_share=0.21), True),
    ],
)
def test_other_figures_are_compared_if_the_test_has_a_limit_on_them(
    metric: Metric, new: Figures, fails: bool
) -> None:
    limits = {metric: 0.2}
    comparison = compare_with_stored(new, [DEAR], tolerance=0.1, max_regressions=limits)
    assert comparison.fails is fails
    assert (comparison.verdict is Verdict.REGRESSED) is fails
    assert not compare_with_stored(new, [DEAR], tolerance=0.1).fails


@pytest.mark.parametrize(
    ("metric", "missing", "words"),
    [
        (Metric.P95, replace(DEAR, p95_s=None), "p95: "),
        (Metric.CPU_PER_REQUEST, replace(DEAR, cpu_per_request_s=None), "CPU per request: "),
        (Metric.CPU_PER_REQUEST, replace(DEAR, cpu_per_request_s=0.0), "CPU per request: "),
    ],
)
def test_a_limit_on_a_figure_that_is_missing_fails(
    metric: Metric, missing: Figures, words: str
) -> None:
    limits = {metric: 0.2}
    for new, stored, where in (
        (missing, DEAR, "this burst has none"),
        (DEAR, missing, "the baseline has none"),
        (missing, missing, "this burst has none"),
    ):
        found = compare_with_stored(new, [stored], tolerance=0.1, max_regressions=limits)
        assert (found.verdict, found.fails) == (Verdict.NOT_COMPARED, True)
        assert found.reason.startswith(f"{words}{where}")
        assert f"max_regression(20%, metric='{metric.value}') can't pass" in found.reason
        without = compare_with_stored(new, [stored], tolerance=0.1)
        assert (without.verdict, without.fails) == (Verdict.OK, False)
    slower = replace(missing, rps=400)
    found = compare_with_stored(slower, [DEAR], tolerance=0.1, max_regressions=limits)
    assert (found.verdict, found.fails) == (Verdict.REGRESSED, True)
    assert "worse by more than a factor of 2" in found.reason


def test_a_limit_on_requests_fails_against_a_stored_zero() -> None:
    nothing = replace(DEAR, rps=0.0)
    limits = {Metric.RPS: 0.2}
    found = compare_with_stored(DEAR, [nothing], tolerance=0.1, max_regressions=limits)
    assert (found.verdict, found.fails) == (Verdict.NOT_COMPARED, True)
    assert not compare_with_stored(DEAR, [nothing], tolerance=0.1).fails


def test_a_p95_may_grow_by_a_few_milliseconds() -> None:
    quick, slower = replace(DEAR, p95_s=0.002), replace(DEAR, p95_s=0.006)
    limits = {Metric.P95: 0.2}
    assert not compare_with_stored(slower, [quick], tolerance=0.1, max_regressions=limits).fails
