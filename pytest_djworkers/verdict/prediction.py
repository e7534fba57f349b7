"""The figures to expect of one more session, from those that are stored."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt
from statistics import fmean, stdev

SESSIONS_FOR_INTERVAL = 10
"""The smallest number of sessions that predict anything."""
# Student's t at 0.99, one-sided, for 9 to 29 degrees of freedom (scipy.stats.t.ppf, which the
# tests hold it to). A table, since scipy would be a heavy dependency for 21 numbers.
_T_99 = (
    2.8214, 2.7638, 2.7181, 2.6810, 2.6503, 2.6245, 2.6025, 2.5835, 2.5669, 2.5524, 2.5395,
    2.5280, 2.5176, 2.5083, 2.4999, 2.4922, 2.4851, 2.4786, 2.4727, 2.4671, 2.4620,
)  # fmt: skip  # a table, eleven in a line
MOST_SESSIONS = SESSIONS_FOR_INTERVAL + len(_T_99) - 1
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
    t = _T_99[len(logs) - SESSIONS_FOR_INTERVAL]
    # The prediction interval for one further observation of a normal sample; the 1 under the
    # root is that observation's own variance (Hahn and Meeker, Statistical Intervals, 1991).
    return exp(fmean(logs) + sign * t * stdev(logs) * sqrt(1 + 1 / len(logs)))
