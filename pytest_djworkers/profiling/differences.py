"""The difference of a time between two arms, over launches: estimate, interval and chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance
from typing import TypeVar

from pytest_djworkers.verdict.student_t import upper_quantile, upper_tail

LEVEL = 0.95
"""The level of the intervals."""
FALSE_DISCOVERIES = 0.05
"""The share of differences by chance among those that are called differences."""
FALSE_WITHOUT_CHANGE = 0.005
"""The same where the comparison as a whole found no change."""
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a time per request from base to head, in seconds."""

    base_s: float
    head_s: float
    interval_s: tuple[float, float]
    """The interval of the change, at 95 %."""
    chance: float
    """The probability of such a change, or a larger one, between launches of the same code."""

    @property
    def change_s(self) -> float:
        """The change from base to head; positive if head takes longer."""
        return self.head_s - self.base_s

    @property
    def either_way_s(self) -> float:
        """Half the width of the interval: a smaller change is not told from none."""
        low, high = self.interval_s
        return (high - low) / 2


@dataclass(frozen=True, slots=True)
class Launches:
    """A time per request in the launches of both arms, in seconds."""

    base: Sequence[float]
    head: Sequence[float]
    base_sample_s: float = 0.0
    """The time that one sample stands for; the count of samples has an error of its own."""
    head_sample_s: float = 0.0

    def difference(self) -> Difference:
        """Return the difference between the arms, of which each has two launches or more.

        Welch's t-test, with the degrees of freedom rounded down.
        """
        base, base_error = _mean(self.base, self.base_sample_s)
        head, head_error = _mean(self.head, self.head_sample_s)
        change, error = head - base, sqrt(base_error + head_error)
        if not error:
            return Difference(base, head, (change, change), 0.0 if change else 1.0)
        spread = base_error**2 / (len(self.base) - 1) + head_error**2 / (len(self.head) - 1)
        freedom = max(1, int(error**4 / spread * (1 + 1e-9)))
        half = upper_quantile((1 - LEVEL) / 2, freedom) * error
        chance = 2 * upper_tail(abs(change) / error, freedom)
        return Difference(base, head, (change - half, change + half), chance)


def _mean(times: Sequence[float], sample_s: float) -> tuple[float, float]:
    """Return the mean of an arm's launches, and the square of its standard error."""
    mean = fmean(times)
    # The variance of a count is its mean (Poisson), so few launches that agree by chance are not
    # taken for exact.
    return mean, max(variance(times), mean * sample_s) / len(times)


def discoveries(chances: Mapping[_Key, float], share: float) -> set[_Key]:
    """Return the keys whose differences are not by chance.

    Among many functions some differ much by chance. Benjamini and Hochberg (1995), "Controlling the
    false discovery rate", keeps their share among those returned below ``share``.
    """
    ranked = sorted(chances, key=lambda one: chances[one])
    number = len(ranked)
    last = 0
    for rank, key in enumerate(ranked, 1):
        if chances[key] <= share * rank / number:
            last = rank
    return set(ranked[:last])
