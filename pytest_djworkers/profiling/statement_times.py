"""Tells from the times of a statement in a few requests if one arm needs longer for it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

LEAST_CHANGE_S = 0.0005
"""The least change of a statement's time in a request, in seconds, that is worth saying."""
LEAST_RATIOS = {4: 1.3, 2: 2.0, 1: 5.0}
"""The least ratio of the two times, by the number of requests from which it holds. Launches of the
same code differ, too, by less than that; and chance puts two pairs of times in order easily."""
_MOST_OUT_OF_ORDER = 0.08
"""The share of all pairs of a request of one arm and one of the other whose order may be the other
way round: 2 of 25, which come about by chance in one of 30 cases."""


def differ(base: Sequence[float], head: Sequence[float]) -> bool:
    """Return True if times of base and of head differ by more than chance makes of them, and by
    enough to matter. There must be one of each, in seconds."""
    less, more = sorted((base, head), key=median)
    fewest = min(len(less), len(more))
    least_ratio = next(ratio for number, ratio in LEAST_RATIOS.items() if fewest >= number)
    small, large = median(less), median(more)
    if large - small < LEAST_CHANGE_S or large < least_ratio * small:
        return False
    out_of_order = sum(one >= other for one in less for other in more)
    return out_of_order <= _MOST_OUT_OF_ORDER * len(less) * len(more)
