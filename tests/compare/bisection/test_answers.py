"""The answers of comparisons to the question of a bisection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.compare.bisection.answers import metric_of, step_of
from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.compare.bisection.result import Commit
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric
from tests.support.comparisons import NOTHING

COMMIT = Commit("1a2b3c4d5e6f", "Add users")


def of(**verdicts: Verdict) -> ArmComparison:
    """Return a comparison with these verdicts, by the figure."""
    estimate = Estimate(0.8, (0.75, 0.85), 0.95, 6)
    judgements = tuple(
        Judgement(verdict, Metric(metric), f"{metric} {verdict}", estimate, 6, 36, 0, 0, ())
        for metric, verdict in verdicts.items()
    )
    return replace(NOTHING, not_compared="", judgements=judgements)


def answer(compared: ArmComparison, metric: Metric | None = Metric.RPS) -> Answer:
    return step_of(COMMIT, compared, metric, measured=1.0).answer


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.REGRESSED, Answer.GOOD),
        (Verdict.OK, Answer.BAD),
        (Verdict.IMPROVED, Answer.SKIPPED),
        (Verdict.INCONCLUSIVE, Answer.SKIPPED),
        (Verdict.NOT_COMPARED, Answer.SKIPPED),
    ],
)
def test_each_verdict_has_its_answer(verdict: Verdict, expected: Answer) -> None:
    assert answer(of(rps=verdict)) is expected


def test_only_the_figure_that_the_search_is_about_answers() -> None:
    slower = of(rps=Verdict.OK, p95=Verdict.REGRESSED)
    assert metric_of(slower) is Metric.P95
    assert answer(slower, Metric.P95) is Answer.GOOD
    assert answer(slower, Metric.RPS) is Answer.BAD
    assert metric_of(of(rps=Verdict.OK)) is None
    assert answer(of(rps=Verdict.OK, p95=Verdict.INCONCLUSIVE), None) is Answer.SKIPPED


def test_errors_hide_the_speed_and_their_absence_tells_of_errors() -> None:
    assert answer(of(errors=Verdict.REGRESSED), Metric.RPS) is Answer.SKIPPED
    assert answer(of(errors=Verdict.REGRESSED), Metric.ERRORS) is Answer.GOOD
    # No more errors than in the commit: it has them already.
    assert answer(of(rps=Verdict.OK), Metric.ERRORS) is Answer.BAD


def test_a_step_has_the_change_of_its_figure() -> None:
    step = step_of(COMMIT, of(rps=Verdict.REGRESSED), Metric.RPS, measured=5.0, is_earlier=True)
    assert step.change == pytest.approx(-0.2)
    assert step.interval == pytest.approx((-0.25, -0.15))
    assert (step.measured, step.is_earlier, step.reason) == (5.0, True, "rps regressed")
    nothing = step_of(COMMIT, NOTHING, Metric.RPS, measured=5.0)
    assert (nothing.answer, nothing.reason) == (Answer.SKIPPED, "migrations differ")
