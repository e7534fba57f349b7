"""The smallest changes that count: the tolerance, and floors below which none does."""

from __future__ import annotations

from math import inf, log1p

from pytest_djworkers.verdict.rounds import Metric

LEAST_CHANGE_RPS = 20.0
"""A smaller change, in requests/s, never counts."""
LEAST_CHANGE_P95_S = 0.005
"""A smaller change of the 95th percentile, in seconds, never counts."""
LEAST_CHANGE_ERRORS = 0.005
"""More errors than before by this share are a regression."""


def least_changes(metric: Metric, tolerance: float, typical: float | None) -> tuple[float, float]:
    """Return the smallest loss and the smallest gain that count, as log ratios without a sign.

    Both follow from the tolerance, or from the floor (a number of requests/s, or of
    milliseconds) where that is more than the tolerance of ``typical``, base's median figure.
    """
    # A loss of 10 % of the requests/s is ln(0.9), a gain of 10 % is ln(1.1): the two sides of a
    # log ratio are not alike. Latency and CPU time are better small, so there they are swapped.
    if metric is Metric.RPS:
        floor = LEAST_CHANGE_RPS / typical if typical else inf
        return max(_fall(tolerance), _fall(floor)), max(_fall(tolerance), log1p(floor))
    floor = 0.0
    if metric is Metric.P95:
        floor = LEAST_CHANGE_P95_S / typical if typical else inf
    return max(log1p(tolerance), log1p(floor)), max(log1p(tolerance), _fall(floor))


def _fall(fraction: float) -> float:
    """Return the log ratio, without its sign, of a figure that loses this fraction of itself.

    It is infinite for the whole of it.
    """
    return -log1p(-fraction) if fraction < 1 else inf
