"""The answers of comparisons to the question of a bisection: pure functions."""

from __future__ import annotations

from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.compare.bisection.result import BisectionStep, Commit
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric

_ANSWERS = {Verdict.REGRESSED: Answer.GOOD, Verdict.OK: Answer.BAD}
"""A commit that is slower than the working tree (``improved``) is neither: its slowdown may be
another one, which a later commit has undone."""


def metric_of(good: ArmComparison) -> Metric | None:
    """Return the figure that has become worse since the good revision; None if none has."""
    worse = (one.metric for one in good.judgements if one.verdict is Verdict.REGRESSED)
    return next(worse, None)


def step_of(
    commit: Commit,
    compared: ArmComparison,
    metric: Metric | None,
    *,
    measured: float,
    is_earlier: bool = False,
) -> BisectionStep:
    """Return the step of a bisection that a comparison with a commit is.

    ``metric`` is the figure that the bisection is about; None for the worst of all.
    """
    found = _judgement(compared, metric)
    if found is None:
        reason = compared.not_compared or f"{metric} could not be compared"
        return skipped(commit, reason, measured=measured, is_earlier=is_earlier)
    change = interval = None
    if (estimate := found.estimate) is not None:
        low, high = estimate.interval
        change, interval = estimate.ratio - 1, (low - 1, high - 1)
    return BisectionStep(
        commit,
        _ANSWERS.get(found.verdict, Answer.SKIPPED),
        found.verdict,
        found.reason,
        change,
        interval,
        measured,
        is_earlier,
    )


def skipped(
    commit: Commit, reason: str, *, measured: float, is_earlier: bool = False
) -> BisectionStep:
    """Return the step of a commit that can't be compared."""
    verdict = Verdict.NOT_COMPARED
    return BisectionStep(commit, Answer.SKIPPED, verdict, reason, None, None, measured, is_earlier)


def _judgement(compared: ArmComparison, metric: Metric | None) -> Judgement | None:
    """Return the judgement on a figure; on the worst one if no figure is asked for."""
    if metric is None:
        worst = (one for one in compared.judgements if one.verdict is compared.verdict)
        return next(worst, None)
    own = next((one for one in compared.judgements if one.metric is metric), None)
    # Errors are judged before every other figure: without a judgement, there are no more of them.
    if own is None and metric is Metric.ERRORS:
        return next(iter(compared.judgements), None)
    return own
