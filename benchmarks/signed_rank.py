"""The exact Wilcoxon signed-rank interval and its estimate, by Walsh averages.

The Walsh averages of n values are the averages of every pair, each value with itself included:
n(n + 1)/2 of them. Their median is the estimate of Hodges and Lehmann (Annals of Mathematical
Statistics 34, 1963). The number of them above a centre is Wilcoxon's signed-rank statistic about
that centre (Tukey 1949); so the interval of all centres that the test does not reject lies between
two of the sorted averages (Hollander and Wolfe, Nonparametric Statistical Methods, section 3.3).

No distribution of the values is assumed but that it is symmetric. Ties make the interval wider
than it need be, never narrower.
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
    """The centre of some values: an estimate and its interval."""

    estimate: float
    interval: tuple[float, float] | None
    """None if there are too few values for the level."""


def centre(values: Iterable[float], level: float) -> Centre:
    """Return the estimate and its interval at this level. Raises ValueError for no values."""
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
    """Return the number of Walsh averages of n values outside each end of the interval.

    None if n is too small for the level. It is the largest c for which P(W <= c) is at most half
    of what the level leaves over, where W is the signed-rank statistic.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level is between 0 and 1, not {level!r}")
    # Exact, since one count more or less is another interval: 1 - 0.98 as a float is a little
    # more than 0.02. str() gives the level as it was written.
    allowed = (1 - Fraction(str(level))) / 2 * 2**n
    fitting = sum(1 for choices in accumulate(_choices(n)) if choices <= allowed)
    return fitting - 1 if fitting else None


def smallest_number(level: float) -> int:
    """Return the fewest values that reach a level: 7 for 98 %."""
    n = 1
    while averages_cut(n, level) is None:
        n += 1
    return n


def _choices(n: int) -> list[int]:
    """Return the number of choices of signs that give each rank sum, from 0 to the middle one.

    Without a difference, each value is above the centre or below it by the toss of a coin, so
    each of the 2^n choices of signs is as likely as any other. The rank sum of the positive ones
    is W; the distribution is symmetric, so its lower half is enough.
    """
    middle = n * (n + 1) // 4
    # Counted as subset sums are: rank by rank, a sum is reached without this rank, as before, or
    # with it, from the sum that is less by the rank. From the largest sum down, so that no rank
    # is used twice.
    choices = [1] + [0] * middle
    for rank in range(1, n + 1):
        for total in range(middle, rank - 1, -1):
            choices[total] += choices[total - rank]
    return choices
