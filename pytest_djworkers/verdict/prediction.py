"""The figures to expect of one more session, from those that are stored."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt
from statistics import fmean, stdev

from pytest_djworkers.verdict.student_t import upper_quantile

SESSIONS_FOR_INTERVAL = 10
"""The smallest number of sessions that predict anything."""
MOST_SESSIONS = 30
"""The largest number of sessions that a prediction rests on: of more, the last ones."""


def prediction_floor(values: Sequence[float]) -> float | None:
    """Return the smallest figure to expect of one more session, at 99 %; None for too few.

    ``values`` are the figures of the stored sessions, oldest first.
    """
    return _bound(values, -1)


def prediction_ceiling(values: Sequence[float]) -> float | None:
    """Return the largest figure to expect of one more session, at 99 %; None for too few."""
    return _bound(values, +1)


def _bound(values: Sequence[float], sign: int) -> float | None:
    # Speeds and costs differ by factors, so the interval is that of their logarithms. A 0 has
    # none, and predicts nothing.
    logs = [log(value) for value in values[-MOST_SESSIONS:] if value > 0]
    if len(logs) < SESSIONS_FOR_INTERVAL:
        return None
    t = upper_quantile(0.01, len(logs) - 1)
    # The prediction interval for one further observation of a normal sample; the 1 under the
    # root is that observation's own variance (Hahn and Meeker, Statistical Intervals, 1991).
    return exp(fmean(logs) + sign * t * stdev(logs) * sqrt(1 + 1 / len(logs)))
