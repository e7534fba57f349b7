"""Bisections made by hand."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.compare.bisection.result import Bisection, BisectionStep, Commit
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric

GOOD, SLOWER, LATER = (
    Commit(f"{number}a2b3c4d5e6f", subject, "Ann Lee", "2026-01-31")
    for number, subject in enumerate(("Add users", "Load each profile", "Show groups"), 1)
)


def step(
    commit: Commit, answer: Answer, verdict: Verdict, change: float | None, reason: str = "why"
) -> BisectionStep:
    """Return a step with an interval of 4 % either way."""
    interval = None if change is None else (change - 0.04, change + 0.04)
    return BisectionStep(commit, answer, verdict, reason, change, interval, 0.0)


STEPS = (
    step(GOOD, Answer.GOOD, Verdict.REGRESSED, -0.19),
    step(LATER, Answer.BAD, Verdict.OK, 0.004),
)
FOUND = Bisection("v1.2 (1a2b3c4d5e)", 7, Metric.RPS, STEPS, (SLOWER,), is_over=True)
"""A bisection that has found one commit."""
UNFINISHED = replace(FOUND, suspects=(LATER, SLOWER), is_over=False)
