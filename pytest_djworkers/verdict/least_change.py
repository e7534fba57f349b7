"""The smallest changes that count: those beyond the tolerance."""

from __future__ import annotations

from math import inf, log1p

from pytest_djworkers.verdict.rounds import Metric

LEAST_CHANGE_ERRORS = 0.005
"""More errors than before by this share are a regression."""


def least_changes(metric: Metric, tolerance: float) -> tuple[float, float]:
    """Return the smallest loss and the smallest gain that count, as log ratios without a sign.

    Both sides are equally far from no change, so that swapping the arms swaps the verdicts.
    """
    # A loss of 10 % of the requests/s is a ratio of 0.9, so its mirror image is a gain of 1/0.9,
    # 11.1 %. Latency and CPU time are better small: 10 % more of them is a ratio of 1.1.
    if metric is Metric.RPS:
        fall = -log1p(-tolerance) if tolerance < 1 else inf
        return fall, fall
    return log1p(tolerance), log1p(tolerance)
