"""The rule against a stored baseline."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.burst_figures import NO_DOUBTS, Doubts, Figures
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.prediction import (
    MOST_SESSIONS,
    prediction_floor,
)
from pytest_djworkers.verdict.rounds import OF_ROUNDS, Metric
from pytest_djworkers.verdict.tripwire import compare_with_stored

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


def scaled(figures: Figures, scale: float) -> Figures:
    """Return the figures of a server that is slower by a factor; shares have no scale."""
    p95_s, cpu_s = figures.p95_s, figures.cpu_per_request_s
    return replace(
        figures,
        rps=figures.rps / scale,
        p95_s=None if p95_s is None else p95_s * scale,
        cpu_per_request_s=None if cpu_s is None else cpu_s * scale,
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


@pytest.mark.parametrize(("rps", "stored"), [(0.9, 1.01), (8.9, 10), (890, 1000)])
def test_no_loss_is_too_small_to_count(rps: float, stored: float) -> None:
    assert compare(rps, stored).verdict is Verdict.REGRESSED
    assert compare(rps, stored, max_regression=0.01).fails


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
    assert comparison.reason == (
        "1,000 → 100 requests/s (-90.0%), worse by more than a factor of 2; errors 0 → 50 %"
    )


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
@pytest.mark.parametrize("scale", [0.001, 1, 1000])
def test_other_figures_fail_by_the_limit_that_the_test_has_on_them(
    metric: Metric, new: Figures, fails: bool, scale: float
) -> None:
    limits = {metric: 0.2}
    new, stored = scaled(new, scale), scaled(DEAR, scale)
    comparison = compare_with_stored(new, [stored], tolerance=0.1, max_regressions=limits)
    assert comparison.fails is fails
    assert not fails or comparison.verdict is Verdict.REGRESSED
    assert not compare_with_stored(new, [stored], tolerance=0.1).fails


def test_a_p95_has_no_tripwire() -> None:
    slower = replace(DEAR, p95_s=10.0)
    assert compare_with_stored(slower, [DEAR], tolerance=0.1).verdict is Verdict.OK
    limits = {Metric.P95: 200.0}
    assert not compare_with_stored(slower, [DEAR], tolerance=0.1, max_regressions=limits).fails


@pytest.mark.parametrize(
    ("cpu", "verdict", "fails", "why"),
    [
        (0.0014, Verdict.IMPROVED, False, "(-30.0%)"),
        (0.0021, Verdict.OK, False, "2 → 2.1 ms (+5.0%)"),
        (0.0025, Verdict.REGRESSED, False, "2 → 2.5 ms (+25.0%), beyond the tolerance of 10%"),
        (0.0041, Verdict.REGRESSED, True, "(+105.0%), worse by more than a factor of 2"),
    ],
)
def test_cpu_time_per_request_is_judged_as_requests_are(
    cpu: float, verdict: Verdict, fails: bool, why: str
) -> None:
    new = replace(DEAR, cpu_per_request_s=cpu)
    found = compare_with_stored(new, [DEAR], tolerance=0.1)
    assert (found.verdict, found.fails) == (verdict, fails)
    assert found.reason.startswith("1,000 → 1,000 requests/s (+0.0%); CPU per request ")
    assert found.reason.endswith(why)


@pytest.mark.parametrize(("cpu", "fails"), [(0.00259, False), (0.0027, True)])
def test_with_ten_sessions_cpu_time_fails_when_it_is_unexpected(cpu: float, fails: bool) -> None:
    steady = [replace(DEAR, cpu_per_request_s=cpu) for cpu in [0.00198, 0.00202] * 4 + [0.002] * 2]
    new = replace(DEAR, cpu_per_request_s=cpu)
    found = compare_with_stored(new, steady, tolerance=0.1)
    assert (found.verdict, found.fails) == (Verdict.REGRESSED, fails)
    assert ("above the 2.06ms that the 10 stored sessions predict" in found.reason) is fails
    assert not compare_with_stored(new, steady[1:], tolerance=0.1).fails
    # Sessions whose CPU time is in doubt predict nothing.
    doubtful = [replace(steady[0], cpu_doubt="only 10ms of CPU time"), *steady[1:]]
    assert not compare_with_stored(new, doubtful, tolerance=0.1).fails


@pytest.mark.parametrize("side", ["new", "stored"])
def test_cpu_time_in_doubt_is_shown_and_not_judged(side: str) -> None:
    new, stored = replace(DEAR, cpu_per_request_s=0.009), DEAR
    if side == "new":
        new = replace(new, cpu_doubt="only 90ms of CPU time")
    else:
        stored = replace(stored, cpu_doubt="only 90ms of CPU time")
    found = compare_with_stored(new, [stored], tolerance=0.1)
    assert (found.verdict, found.fails) == (Verdict.OK, False)
    words = "CPU per request 2 → 9 ms (+350.0%), not judged: only 90ms of CPU time"
    assert found.reason.endswith(words)
    limits = {Metric.CPU_PER_REQUEST: 10.0}
    found = compare_with_stored(new, [stored], tolerance=0.1, max_regressions=limits)
    assert (found.verdict, found.fails) == (Verdict.NOT_COMPARED, True)
    limit = "max_regression(1,000%, metric='cpu_per_request')"
    assert found.reason.endswith(f"{words}, so {limit} can't pass")


@pytest.mark.parametrize(
    ("share", "verdict", "fails"),
    [(0.005, Verdict.OK, False), (0.02, Verdict.REGRESSED, False), (0.51, Verdict.REGRESSED, True)],
)
def test_half_of_the_requests_gone_wrong_are_a_gross_loss(
    share: float, verdict: Verdict, fails: bool
) -> None:
    for new in (replace(DEAR, error_share=share), replace(DEAR, timeout_share=share)):
        found = compare_with_stored(new, [DEAR], tolerance=0.1)
        assert (found.verdict, found.fails) == (verdict, fails)
    both = replace(DEAR, error_share=share / 2, timeout_share=share / 2)
    assert compare_with_stored(both, [DEAR], tolerance=0.1).fails is fails


SLOW = replace(DEAR, rps=400, p95_s=0.3)
STARVED = Doubts(overstated=("starved",))
BOUND = Doubts(understated=("generator-bound",))
DIED = Doubts(faults=("1 worker died",))


@pytest.mark.parametrize(
    ("new", "doubts", "verdict", "fails"),
    [
        # A loss of what may be worse still is one; no loss of it proves nothing.
        (SLOW, STARVED, Verdict.REGRESSED, True),
        (replace(DEAR, rps=800), STARVED, Verdict.REGRESSED, False),
        (DEAR, STARVED, Verdict.NOT_COMPARED, False),
        (replace(DEAR, rps=2000), STARVED, Verdict.NOT_COMPARED, False),
        # A loss of what may be better than it looks is none; all else is as it reads.
        (SLOW, BOUND, Verdict.NOT_COMPARED, False),
        (replace(DEAR, timeout_share=0.9), BOUND, Verdict.OK, False),
        (replace(DEAR, error_share=0.9), BOUND, Verdict.REGRESSED, True),
        (replace(SLOW, cpu_per_request_s=0.005), BOUND, Verdict.REGRESSED, True),
        (DEAR, BOUND, Verdict.OK, False),
        (replace(DEAR, rps=2000), BOUND, Verdict.IMPROVED, False),
        # A fault is a regression by itself, and warns.
        (SLOW, DIED, Verdict.REGRESSED, True),
        (DEAR, DIED, Verdict.REGRESSED, False),
        (replace(DEAR, rps=2000), DIED, Verdict.REGRESSED, False),
    ],
)
def test_doubts_about_a_burst_decide_which_changes_are_believed(
    new: Figures, doubts: Doubts, verdict: Verdict, fails: bool
) -> None:
    found = compare_with_stored(new, [DEAR], tolerance=0.1, doubts=doubts)
    assert (found.verdict, found.fails) == (verdict, fails)
    assert found.reason.endswith(f"; {doubts.all[0]}")
    assert (found.ratio is None) is (verdict is Verdict.NOT_COMPARED)


@pytest.mark.parametrize(
    ("new", "doubts", "limits", "words"),
    [
        (DEAR, STARVED, {Metric.P95: 0.5}, "starved, so max_regression can't pass"),
        (SLOW, BOUND, {Metric.RPS: 0.3}, "not believed, so max_regression(30%) can't pass; CPU"),
        (SLOW, BOUND, {Metric.P95: 0.5}, "not believed, so max_regression(50%, metric='p95') can"),
        (SLOW, BOUND, {Metric.RPS: 0.7}, ""),
        (DEAR, DIED, {Metric.RPS: 0.1}, ""),
    ],
)
def test_a_limit_passes_no_figure_that_is_in_doubt(
    new: Figures, doubts: Doubts, limits: dict[Metric, float], words: str
) -> None:
    found = compare_with_stored(new, [DEAR], tolerance=0.1, doubts=doubts, max_regressions=limits)
    assert found.fails is bool(words)
    assert words in found.reason


figures = st.builds(
    Figures,
    rps=st.just(0.0) | rates,
    error_share=st.floats(0, 1),
    timeout_share=st.floats(0, 1),
    p95_s=st.none() | st.floats(1e-4, 100),
    cpu_per_request_s=st.none() | st.floats(1e-5, 100),
)
any_doubts = st.sampled_from([NO_DOUBTS, STARVED, BOUND, DIED])
any_limits = st.dictionaries(st.sampled_from(OF_ROUNDS), st.sampled_from([0.0, 0.1, 0.6, 3.0]))


@given(
    figures, st.lists(figures, min_size=1, max_size=MOST_SESSIONS), any_doubts, any_limits,
    st.integers(-9, 9),
)  # fmt: skip  # one line of figures, one of scale
def test_scaling_all_figures_changes_no_verdict(
    new: Figures, stored: list[Figures], doubts: Doubts, limits: dict[Metric, float], power: int
) -> None:
    # By a power of two, so that no rounding moves a figure over a bound.
    scale = 2.0**power
    found, again = (
        compare_with_stored(
            scaled(new, by),
            [scaled(one, by) for one in stored],
            tolerance=0.1,
            max_regressions=limits,
            doubts=doubts,
        )
        for by in (1.0, scale)
    )
    assert (again.verdict, again.fails) == (found.verdict, found.fails)
    assert again.ratio == found.ratio


@given(figures, figures, any_doubts, any_limits, st.sampled_from([0.05, 0.1, 0.5]))
def test_a_loss_beyond_a_bound_is_never_ok(
    new: Figures, stored: Figures, doubts: Doubts, limits: dict[Metric, float], tolerance: float
) -> None:
    found = compare_with_stored(
        new, [stored], tolerance=tolerance, max_regressions=limits, doubts=doubts
    )
    fine = found.verdict in {Verdict.OK, Verdict.IMPROVED}
    pairs = {
        Metric.RPS: (new.rps, stored.rps),
        Metric.CPU_PER_REQUEST: (stored.cpu_per_request_s, new.cpu_per_request_s),
        Metric.P95: (stored.p95_s, new.p95_s),
    }
    for metric, (worse, better) in pairs.items():
        if worse is None or not better:
            continue
        bounds = [limits[metric]] if metric in limits else []
        if metric is not Metric.P95:
            bounds.append(tolerance)
        for bound in bounds:
            kept = 1 - bound if metric is Metric.RPS else 1 / (1 + bound)
            if worse < kept * better * (1 - 1e-9):
                assert not fine
                assert found.fails or bound is tolerance
    if NO_DOUBTS is doubts and stored.rps and new.rps * 2 < stored.rps:
        assert found.fails


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
        assert f"{words}{where}" in found.reason
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


def test_a_limit_on_calls_fails_against_a_baseline_which_has_none() -> None:
    found = compare_with_stored(DEAR, [DEAR], tolerance=0.1, max_regressions={Metric.CALLS: 0.02})
    assert found.fails
    assert (
        "Python calls per request: a baseline has none, so max_regression(2%, metric='calls')"
        " can't pass: compare with a revision (--djworkers-compare)"
    ) in found.reason
