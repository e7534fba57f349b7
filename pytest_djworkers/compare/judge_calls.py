"""Adds the verdict on Python calls to a comparison whose rounds are over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_djworkers.compare.count_calls import NotCountedError, most_changed
from pytest_djworkers.compare.procedure import ComparisonOutcome
from pytest_djworkers.server.call_counts import CallCounts
from pytest_djworkers.verdict.call_counts import calls_not_compared, judge_calls
from pytest_djworkers.verdict.judgement import Judgement, Verdict


def with_calls_judged(
    outcome: ComparisonOutcome,
    tolerance: float,
    known: tuple[CallCounts, CallCounts] | None,
    count: Callable[[], tuple[CallCounts, CallCounts]],
) -> ComparisonOutcome:
    """Return an outcome with the verdict on calls; ``count`` counts them unless they are known."""
    counts = known
    try:
        counts = counts or count()
    except NotCountedError as error:
        judgement = calls_not_compared(str(error))
    else:
        judgement = _judged(counts, tolerance)
    comparison = replace(
        outcome.comparison,
        counts=counts,
        judgements=(*outcome.comparison.judgements, judgement),
    )
    return replace(outcome, comparison=comparison, history=replace(outcome.history, counts=counts))


def _judged(counts: tuple[CallCounts, CallCounts], tolerance: float) -> Judgement:
    base, head = counts
    judgement = judge_calls(base.calls, head.calls, tolerance)
    changed = [
        f"{one.name} ({one.file}:{one.line}) {change:+,.6g}" for one, change in most_changed(counts)
    ]
    if judgement.verdict is Verdict.OK or not changed:
        return judgement
    reason = f"{judgement.reason}; most changed: {', '.join(changed)}"
    return replace(judgement, reason=reason)
