"""The difference of head from base: the estimate, its interval, and the spread they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, sqrt
from statistics import fmean, median, variance

from pytest_djworkers.units import counted, format_change
from pytest_djworkers.verdict.rounds import Metric
from pytest_djworkers.verdict.student_t import upper_quantile

_FARTHEST = 1.5
"""Rounds farther from the median than this many standard deviations are taken to lie there."""
_LEAST_KEPT = 0.8
"""The share of the rounds that stay as they are: if half of them agree closely and many others are
far off, those others are no outliers."""
_MAD_TO_SD = 1.4826
"""The standard deviation of normal values over their median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The difference of head from base, as a ratio of their figures."""

    ratio: float
    """The figure of head over that of base."""
    interval: tuple[float, float]
    """The interval of the ratio at this level."""
    level: float
    blocks: int
    """The number of blocks that the interval rests on."""

    @property
    def smallest_visible(self) -> float:
        """Half the interval's width, as a fraction: a smaller change is not told from none."""
        low, high = self.interval
        return float(1 - (low / high) ** 0.5)

    def __str__(self) -> str:
        """Return it without the figure's name: ``-9.8% (-12.1% to -7.4% at 95%, 6 blocks)``."""
        low, high = map(format_change, self.interval)
        # More digits than a share has elsewhere: 99.98 % is not 100 %.
        level, blocks = f"{100 * self.level:.4g}%", counted(self.blocks, "block")
        return f"{format_change(self.ratio)} ({low} to {high} at {level}, {blocks})"


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the blocks' log ratios, and its standard error."""

    value: float
    error: float
    blocks: int

    def interval(self, level: float) -> tuple[float, float]:
        """Return the interval of the mean: Student's t, over blocks."""
        half = upper_quantile((1 - level) / 2, self.blocks - 1) * self.error
        return self.value - half, self.value + half

    def estimate(self, metric: Metric, level: float) -> Estimate:
        """Return the estimate of the ratio of the figures."""
        return estimate_of(metric, self.value, self.interval(level), level, self.blocks)


@dataclass(frozen=True, slots=True)
class Spread:
    """The spread of log ratios, split by one-way analysis of variance: blocks are the groups."""

    between: float
    """The mean square between blocks."""
    within: float
    """The mean square between the rounds of a block."""
    per_block: float
    """The number of rounds in a block; an average for blocks of different sizes."""

    @property
    def launch_variance(self) -> float:
        """The variance that launches add to a log ratio; never below 0.

        With n rounds in each block, the mean square between blocks is expected to be
        ``within + n * launch variance`` (random effects model).
        """
        return max(0.0, (self.between - self.within) / self.per_block)


def mean_of(by_block: Sequence[Sequence[float]], more_error: float = 0.0) -> Mean | None:
    """Return the mean of the blocks' means; None with fewer than two blocks.

    ``more_error`` is a standard error of the mean that the log ratios themselves don't show.

    The error is that of the blocks' means, but never less than the rounds within them explain: a
    few blocks may happen to agree.
    """
    if len(by_block) < 2:
        return None
    calm = without_outliers(by_block)
    means = [fmean(block) for block in calm]
    spread = spread_of(calm)
    least = 0.0 if spread is None else spread.within / spread.per_block
    error = sqrt(max(variance(means), least) / len(means) + more_error**2)
    return Mean(fmean(means), error, len(means))


def without_outliers(by_block: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the log ratios with those that are far from the median moved to a limit.

    One stalled window must not decide. (Winsorised: Tukey and McLaughlin, Sankhya A 25, 1963.)
    """
    ratios = [ratio for block in by_block for ratio in block]
    # With one round in a block there are too few to tell an outlier from the spread of launches.
    if len(ratios) < 2 * len(by_block):
        return [list(block) for block in by_block]
    middle = median(ratios)
    distances = sorted(abs(ratio - middle) for ratio in ratios)
    most = max(
        _FARTHEST * _MAD_TO_SD * median(distances),
        distances[ceil(_LEAST_KEPT * len(distances)) - 1],
    )
    return [[min(max(x, middle - most), middle + most) for x in block] for block in by_block]


def spread_of(by_block: Sequence[Sequence[float]]) -> Spread | None:
    """Return the spread between and within blocks.

    Return None with fewer than two blocks, or if no block has two rounds: then one of the two
    mean squares has no degrees of freedom.
    """
    total, blocks = sum(map(len, by_block)), len(by_block)
    if blocks < 2 or total == blocks:
        return None
    means = [sum(block) / len(block) for block in by_block]
    mean = sum(map(sum, by_block)) / total
    within = sum((x - m) ** 2 for block, m in zip(by_block, means, strict=True) for x in block)
    between = sum(len(block) * (m - mean) ** 2 for block, m in zip(by_block, means, strict=True))
    # The n of the random effects model where blocks differ in size (Searle, Casella and
    # McCulloch, Variance Components, 1992, chapter 3).
    squares = sum(len(block) ** 2 for block in by_block)
    return Spread(
        between=between / (blocks - 1),
        within=within / (total - blocks),
        per_block=(total - squares / total) / (blocks - 1),
    )


def estimate_of(
    metric: Metric, value: float, interval: tuple[float, float], level: float, blocks: int
) -> Estimate:
    """Return the ratio of the figures for log ratios, of which negative is worse."""
    sign = 1 if metric is Metric.RPS else -1
    low, high = sorted(exp(sign * end) for end in interval)
    return Estimate(exp(sign * value), (low, high), level, blocks)
