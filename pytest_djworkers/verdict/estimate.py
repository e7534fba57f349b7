"""By how much head differs from base: the estimate, its interval, and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp
from statistics import fmean

from pytest_djworkers.units import counted, format_change, format_share
from pytest_djworkers.verdict.rounds import Metric, Sample
from pytest_djworkers.verdict.signed_rank import Centre, centre
from pytest_djworkers.verdict.spread import spread_of


class Unit(StrEnum):
    """What counts as one independent observation."""

    ROUNDS = "rounds"
    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True)
class Estimate:
    """By how much head differs from base."""

    ratio: float
    """The figure of head over that of base: the Hodges-Lehmann estimate."""
    interval: tuple[float, float] | None
    """Of the ratio; None with too few units for the level."""
    level: float
    unit: Unit
    units: int
    """How many rounds or blocks the interval rests on."""

    @property
    def smallest_visible(self) -> float | None:
        """Half the interval's width, as a fraction: a smaller change is not told from none."""
        if self.interval is None:
            return None
        low, high = self.interval
        return float(1 - (low / high) ** 0.5)

    def __str__(self) -> str:
        """In words, without the figure's name: ``-9.8% (-12.1% to -7.4% at 98%, 64 rounds)``."""
        change, units = format_change(self.ratio), counted(self.units, self.unit.value[:-1])
        if self.interval is None:
            return f"{change} (too few for an interval: {units})"
        low, high = map(format_change, self.interval)
        return f"{change} ({low} to {high} at {format_share(self.level)}, {units})"


def unit_of(by_block: Sequence[Sequence[float]], most_spread: float) -> Unit:
    """Rounds where the spread of block means is no more than the rounds explain, else blocks.

    Compared are the mean squares between and within blocks. When in doubt, as with one block or
    one round in each, blocks are the unit.
    """
    spread = spread_of(by_block)
    if spread is None or spread.between > most_spread * spread.within:
        return Unit.BLOCKS
    return Unit.ROUNDS


def units(sample: Sample, unit: Unit) -> list[float]:
    """The log ratios that count as independent."""
    if unit is Unit.ROUNDS:
        return sample.ratios
    return [fmean(block) for block in sample.by_block]


def estimate_of(
    sample: Sample, metric: Metric, unit: Unit, level: float
) -> tuple[Centre, Estimate]:
    """The centre of the log ratios, negative is worse, and the same as a ratio of figures."""
    values = units(sample, unit)
    found = centre(values, level)
    sign = 1 if metric is Metric.RPS else -1
    interval = None
    if found.interval is not None:
        low, high = sorted(exp(sign * end) for end in found.interval)
        interval = low, high
    return found, Estimate(exp(sign * found.estimate), interval, level, unit, len(values))
