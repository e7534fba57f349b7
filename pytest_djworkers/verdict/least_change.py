"""The smallest changes that count: those beyond the tolerance."""

from __future__ import annotations

from math import inf, log1p

from pytest_djworkers.verdict.rounds import Metric

LEAST_CHANGE_ERRORS = 0.005
"""More errors than before by this share are a regression."""


def least_change(metric: Metric, tolerance: float) -> float:
    """Return the smallest loss that counts, as a log ratio without a sign.

    A gain must be as far from no change as a loss, so that swapped arms swap their verdicts.
    """
    # A loss of 10 % of the requests/s is a ratio of 0.9; its mirror image is a gain of 1/0.9, which
    # is 11.1 %. Latency and CPU time are better small: 10 % more of them is a ratio of 1.1.
    if metric is Metric.RPS:
        return -log1p(-tolerance) if tolerance < 1 else inf
    return log1p(tolerance)
