"""Why a test fails by a burst: all that is asked of one, held to results made by hand."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.markers import read_plan
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.failures import failed, failures_of, unjudged_parts, with_judgement
from pytest_djworkers.run.measurement import MeasuredBurst
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric
from tests.support.results import MIX, RESULT, record
from tests.support.settings import SETTINGS

STRICT = replace(SETTINGS, strict=True)
NOTHING = replace(
    RESULT, ok=0, late=0, unexpected=9, statuses={403: 9}, first_unexpected=ResponseExcerpt(403)
)
HALF = replace(RESULT, unexpected=1000, statuses={200: 1000, 500: 1000})
JUDGED = Judgement(Verdict.OK, Metric.RPS, "as before", None, 4, 24, 0, 0, ())
COMPARED = ArmComparison(("base", "head"), 0, 1.0, judgements=(JUDGED,))


def failures(
    result: BurstResult, *marks: Mark, settings: Any = SETTINGS, **changes: Any
) -> list[str]:
    plan = read_plan(marks, "granian")
    return failures_of(MeasuredBurst(record(result=result, **changes)), plan, settings)


def errors_allowed(allowed: object) -> Mark:
    return Mark("max_errors", (allowed,), {})


@pytest.mark.parametrize("marks", [(), (errors_allowed("100%"),), (errors_allowed(10**6),)])
@pytest.mark.parametrize("changes", [{}, {"against_base": COMPARED}], ids=["burst", "comparison"])
def test_a_burst_without_expected_responses_fails_whatever_is_allowed(
    marks: tuple[Mark, ...], changes: dict[str, Any]
) -> None:
    lenient = replace(SETTINGS, max_errors=1.0)
    (said,) = failures(NOTHING, *marks, settings=lenient, **changes)
    assert said.startswith("no expected response (2xx): 9 status 403")


@pytest.mark.parametrize("changes", [{}, {"against_base": COMPARED}], ids=["burst", "comparison"])
def test_more_than_one_percent_of_errors_fails_unless_they_are_allowed(
    changes: dict[str, Any],
) -> None:
    (said,) = failures(HALF, **changes)
    assert said == (
        "errors: 1,000 of 2,000 (50%) (1,000 status 500), limit max_errors(1%), 49% over;"
        " allow more with the marker max_errors, or for all tests with djworkers_max_errors"
    )
    assert not failures(replace(RESULT, error=10, error_kinds={"reset": 10}), **changes)
    assert failures(replace(RESULT, error=11, error_kinds={"reset": 11}), **changes)
    assert not failures(HALF, errors_allowed("50%"), **changes)
    assert not failures(HALF, errors_allowed(1000), **changes)
    assert not failures(HALF, settings=replace(SETTINGS, max_errors=0.5), **changes)
    (said,) = failures(HALF, errors_allowed("49%"), **changes)
    assert said.endswith("limit max_errors(49%), 1% over")


def with_slow(**figures: Any) -> BurstResult:
    """The mix, with other figures of one part."""
    slow = replace(MIX.parts["the slow one"], **figures)
    return replace(
        MIX,
        **{
            name: getattr(MIX, name) + slow_count
            for name, slow_count in figures.items()
            if name in {"unexpected", "error"}
        },
        parts={**MIX.parts, "the slow one": slow},
    )


def test_errors_of_a_mix_name_the_part() -> None:
    (said,) = failures(with_slow(unexpected=100, statuses={200: 100, 201: 250}))
    assert said.startswith("errors: 100 of 1,100 (9.09%) (100 status 200 of 'the slow one'), limit")


def test_a_part_without_expected_responses_fails_and_is_named() -> None:
    lenient = replace(SETTINGS, max_errors=1.0)
    result = with_slow(
        ok=0, late=0, unexpected=9, statuses={403: 9}, first_unexpected=ResponseExcerpt(403)
    )
    (said,) = failures(result, errors_allowed("100%"), settings=lenient)
    assert said.startswith("the slow one: no expected response (201): 9 status 403\n")
    # One of which nothing has ended is not known to fail.
    assert not failures(with_slow(ok=0, late=0, statuses={}), settings=lenient)


def test_a_limit_on_a_part_takes_nothing_from_the_one_on_the_whole() -> None:
    of_part = Mark("max_errors", ("100%",), {"part": "the slow one"})
    result = with_slow(unexpected=100, statuses={200: 100, 201: 250})
    assert failures(result, of_part)
    assert not failures(result, of_part, errors_allowed("100%"))
    # It is not for bursts that don't have the part.
    assert not failures(RESULT, Mark("min_rps", (10**6,), {"part": "the slow one"}))


def test_a_part_that_no_burst_of_the_test_has_is_a_failure() -> None:
    plan = read_plan([Mark("min_rps", (1,), {"part": "GET /slow"})], "granian")
    bursts = [MeasuredBurst(record(result=one)) for one in (MIX, RESULT)]
    (said,) = unjudged_parts(bursts, plan)
    assert said == (
        "no burst of this test has a part 'GET /slow', which a limit is for: their parts are"
        " 'GET /fast', 'GET /json', 'the slow one'"
    )
    plan = read_plan([Mark("min_rps", (1,), {"part": "GET /json"})], "granian")
    assert not unjudged_parts(bursts, plan)


def record_of_half(*marks: Mark, **changes: Any) -> BurstRecord:
    plan = read_plan(marks, "granian")
    return with_judgement(MeasuredBurst(record(result=HALF, **changes)), plan, SETTINGS)


def test_a_burst_has_its_limits_and_what_became_of_them() -> None:
    found = record_of_half(Mark("min_rps", (50,), {}), errors_allowed("49%"))
    assert [(one.text, bool(one.miss)) for one in found.limits] == [
        ("min_rps(50)", False),
        ("max_errors(49%)", True),
    ]
    assert found.failures == (found.limits[1].miss,)


def test_a_comparison_is_held_to_shares_of_errors_and_to_nothing_else_of_a_burst() -> None:
    marks = Mark("min_rps", (50,), {}), errors_allowed("49%"), Mark("max_regression", ("5%",), {})
    found = record_of_half(*marks, against_base=COMPARED)
    assert [one.text for one in found.limits] == ["max_errors(49%)"]
    assert not record_of_half(errors_allowed(10), against_base=COMPARED).limits


def test_a_loss_is_no_limit_of_a_burst_but_a_verdict() -> None:
    assert not record_of_half(Mark("max_regression", ("5%",), {})).limits


@pytest.mark.parametrize(("encoding", "arrow"), [("utf-8", "→"), ("ascii", "->")])
def test_a_failure_has_an_arrow_that_the_terminal_knows(
    encoding: str, arrow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.__stdout__", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert str(failed(["requests/s 2,000 → 1,300"])) == f"requests/s 2,000 {arrow} 1,300"


def test_a_limit_on_the_number_of_errors_holds_for_bursts_only() -> None:
    assert failures(HALF, errors_allowed(999))
    assert not failures(HALF, errors_allowed(999), against_base=COMPARED)


def test_flags_that_override_the_shape_are_named_in_a_failure_only() -> None:
    flags = ("--djworkers-duration=1s (instead of 10s)",)
    assert not failures(RESULT, overridden=flags)
    assert failures(HALF, overridden=flags)[-1] == f"fired with {flags[0]}"


OPEN = BaselineVerdict(Verdict.NOT_COMPARED, "nothing stored")


@pytest.mark.parametrize(
    ("comparison", "settings", "fails"),
    [
        (OPEN, SETTINGS, False),
        (OPEN, STRICT, True),
        (replace(OPEN, fails=True), SETTINGS, True),
        (BaselineVerdict(Verdict.REGRESSED, "slower"), STRICT, False),
        (BaselineVerdict(Verdict.OK, "as before"), STRICT, False),
    ],
)
def test_an_open_verdict_fails_only_in_a_strict_run(
    comparison: BaselineVerdict, settings: Any, fails: bool
) -> None:
    said = failures(RESULT, against_baseline=comparison, settings=settings)
    assert said == ([f"{comparison.verdict.value}: {comparison.reason}"] if fails else [])


def judged(metric: Metric, *, without_figure: int, verdict: Verdict = Verdict.NOT_COMPARED) -> Any:
    one = replace(JUDGED, metric=metric, verdict=verdict, reason="why")
    return replace(COMPARED, judgements=(JUDGED, replace(one, without_figure=without_figure)))


@pytest.mark.parametrize("metric", [Metric.P95, Metric.CPU_PER_REQUEST])
def test_a_limit_on_a_figure_that_an_arm_lacks_fails(metric: Metric) -> None:
    limit = Mark("max_regression", ("10%",), {"metric": metric.value})
    missing = judged(metric, without_figure=24)
    (said,) = failures(RESULT, limit, against_base=missing)
    assert said == f"not compared: why; so max_regression(metric={metric.value!r}) can't pass"
    assert len(failures(RESULT, limit, against_base=missing, settings=STRICT)) == 1
    # Only where it is the figure that lacks, and that is what was asked for.
    assert not failures(RESULT, against_base=missing)
    assert not failures(RESULT, limit, against_base=judged(metric, without_figure=0))
    few = judged(metric, without_figure=1, verdict=Verdict.OK)
    assert not failures(RESULT, limit, against_base=few)
    assert not failures(RESULT, limit, against_base=replace(COMPARED, not_compared="new endpoint"))
