"""The difference of head from base: the estimate, its interval, and the spread they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp
from statistics import fmean

from pytest_djworkers.units import counted, format_change, format_share
from pytest_djworkers.verdict.rounds import Metric, Sample
from pytest_djworkers.verdict.signed_rank import Centre, centre


class Unit(StrEnum):
    """The kinds of one independent observation."""

    ROUNDS = "rounds"
    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The difference of head from base, as a ratio of their figures."""

    ratio: float
    """The figure of head over that of base: the Hodges-Lehmann estimate."""
    interval: tuple[float, float] | None
    """The interval of the ratio; None if there are too few units for the level."""
    level: float
    unit: Unit
    units: int
    """The number of rounds or blocks that the interval rests on."""

    @property
    def smallest_visible(self) -> float | None:
        """Half the interval's width, as a fraction: a smaller change is not told from none."""
        if self.interval is None:
            return None
        low, high = self.interval
        return float(1 - (low / high) ** 0.5)

    def __str__(self) -> str:
        """Return it without the figure's name: ``-9.8% (-12.1% to -7.4% at 98%, 64 rounds)``."""
        change, units = format_change(self.ratio), counted(self.units, self.unit.value[:-1])
        if self.interval is None:
            return f"{change} (too few for an interval: {units})"
        low, high = map(format_change, self.interval)
        return f"{change} ({low} to {high} at {format_share(self.level)}, {units})"


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


def unit_of(by_block: Sequence[Sequence[float]], most_spread: float) -> Unit:
    """Return rounds if their spread explains that of the block means, else blocks.

    The mean squares between and within blocks are compared. In doubt, as with one block or one
    round in each, blocks are the unit.
    """
    spread = spread_of(by_block)
    if spread is None or spread.between > most_spread * spread.within:
        return Unit.BLOCKS
    return Unit.ROUNDS


def independent_ratios(sample: Sample, unit: Unit) -> list[float]:
    """Return the log ratios of the rounds, or the means of the blocks."""
    if unit is Unit.ROUNDS:
        return sample.ratios
    return [fmean(block) for block in sample.by_block]


def estimate_of(
    sample: Sample, metric: Metric, unit: Unit, level: float
) -> tuple[Centre, Estimate]:
    """Return the centre of the log ratios (negative is worse), and the ratio of the figures."""
    values = independent_ratios(sample, unit)
    found = centre(values, level)
    # Log ratios are signed so that negative is worse; the ratio shown is always head / base.
    sign = 1 if metric is Metric.RPS else -1
    interval = None
    if found.interval is not None:
        low, high = sorted(exp(sign * end) for end in found.interval)
        interval = low, high
    return found, Estimate(exp(sign * found.estimate), interval, level, unit, len(values))
