"""The exact Wilcoxon signed-rank interval and its estimate, by Walsh averages.

For n values, the number of Walsh averages (of every pair, each value with itself included) above
a centre is the signed-rank statistic about that centre; so the interval lies between two of the
sorted averages, and the estimate, Hodges and Lehmann's, is their median. The distribution is
counted, not approximated: each of the 2^n choices of signs is as likely as any other. Ties make
the interval wider than it need be, never narrower.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from statistics import median


@dataclass(frozen=True, slots=True)
class Centre:
    """Where the values lie."""

    estimate: float
    interval: tuple[float, float] | None
    """None where there are too few values for the level."""


def centre(values: Iterable[float], level: float) -> Centre:
    """The estimate and its interval at this level. Raises ValueError for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values have no centre")
    averages = sorted((a + b) / 2 for i, a in enumerate(ordered) for b in ordered[i:])
    cut = averages_cut(len(ordered), level)
    return Centre(
        median(averages),
        None if cut is None else (averages[cut], averages[-1 - cut]),
    )


@lru_cache(maxsize=1024)
def averages_cut(n: int, level: float) -> int | None:
    """How many of the lowest, and of the highest, Walsh averages of n values lie outside the
    interval; None where n is too small for the level.

    The largest c with P(W <= c) at most half of what the level leaves over, where W is the
    signed-rank statistic.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level is between 0 and 1, not {level!r}")
    # As written: 1 - 0.98 is a little more than 0.02.
    allowed = (1 - Fraction(str(level))) / 2 * 2**n
    fitting = sum(1 for choices in accumulate(_choices(n)) if choices <= allowed)
    return fitting - 1 if fitting else None


def smallest_number(level: float) -> int:
    """The fewest values that reach a level: 7 for 98 %."""
    n = 1
    while averages_cut(n, level) is None:
        n += 1
    return n


def _choices(n: int) -> list[int]:
    """How many of the 2^n choices of signs give each rank sum, from 0 to the middle one."""
    middle = n * (n + 1) // 4
    choices = [1] + [0] * middle
    for rank in range(1, n + 1):
        for total in range(middle, rank - 1, -1):
            choices[total] += choices[total - rank]
    return choices
