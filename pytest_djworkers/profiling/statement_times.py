"""Tells from the times of a statement if one arm needs longer for it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

LEAST_CHANGE_S = 0.0005
"""The least change of a statement's time in a request, in seconds, that is worth saying."""
LEAST_RATIOS = {4: 1.5, 3: 2.0, 2: 3.0, 1: 4.0}
"""The least ratio of the two times, by the number of launches from which it holds. Whatever else a
machine does makes all requests of a launch slower, and few launches may happen to be in order."""
_RATIO_OF_ONE = 10.0
"""The same if an arm has one time only."""
_MOST_OUT_OF_ORDER = 0.08
"""The share of all pairs of a time of one arm and one of the other whose order may be the other way
round: 2 of 25, which come about by chance in one of 30 cases."""


def differ(base: Sequence[float], head: Sequence[float], *, launches: int = 1) -> bool:
    """Return True if times of base and of head differ by more than chance makes of them, and by
    enough to matter. There must be one of each, in seconds.

    They are of several requests of one launch, or one each of so many ``launches``.
    """
    # What disturbs a request only makes it slower, so the fastest one of a launch tells most.
    typical = min if launches == 1 else median
    less, more = sorted((base, head), key=lambda times: typical(times))
    small, large = typical(less), typical(more)
    by_launches = next(ratio for number, ratio in LEAST_RATIOS.items() if launches >= number)
    least_ratio = _RATIO_OF_ONE if min(len(less), len(more)) == 1 else by_launches
    if large - small < LEAST_CHANGE_S or large < least_ratio * small:
        return False
    out_of_order = sum(one >= other for one in less for other in more)
    return out_of_order <= _MOST_OUT_OF_ORDER * len(less) * len(more)
