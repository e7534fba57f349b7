"""Student's t for whole degrees of freedom, exactly, by the finite series."""

from __future__ import annotations

from functools import lru_cache
from math import atan, cos, pi, sin, sqrt

_LARGEST = 1e12
"""A bound on the quantiles that are searched for: far beyond any that is used."""


def upper_tail(t: float, freedom: int) -> float:
    """Return the probability of a value above t, with this many degrees of freedom.

    Raises ValueError if they are fewer than 1.
    """
    if freedom < 1:
        raise ValueError(f"degrees of freedom are 1 or more, not {freedom}")
    # Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
    angle = atan(t / sqrt(freedom))
    squared = cos(angle) ** 2
    odd = freedom % 2
    total, term = 0.0, cos(angle) if odd else 1.0
    for i in range(1 + odd, freedom, 2):
        total += term
        term *= squared * i / (i + 1)
    within = sin(angle) * total
    if odd:
        within = 2 / pi * (angle + within)
    return (1 - within) / 2


@lru_cache(maxsize=1024)
def upper_quantile(share: float, freedom: int) -> float:
    """Return the value that this share of the distribution lies above.

    Raises ValueError unless the share is above 0 and at most a half.
    """
    if not 0 < share <= 0.5:
        raise ValueError(f"a share of an upper tail is above 0 and at most 0.5, not {share!r}")
    low, high = 0.0, 1.0
    while upper_tail(high, freedom) > share and high < _LARGEST:
        high *= 2
    # Halving is slow, but needs no derivative, and the result is kept.
    for _ in range(80):
        middle = (low + high) / 2
        if upper_tail(middle, freedom) > share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
