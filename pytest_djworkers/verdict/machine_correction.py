"""Changes of the machine's speed, taken off the log ratios of two arms.

On a shared machine the CPUs' speed changes by a fifth from one window to the next, and with it the
speed of any server. An agent measures it in each window. What it explains is found by an analysis
of covariance with blocks as groups (Cochran, Biometrics 13, 1957), so a view that waits, and does
not depend on the CPUs, is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

_LEAST_DEGREES = 6
"""The fewest degrees of freedom that a slope is believed with."""
_BY_CHANCE = 4.0
"""The largest mean of the speeds' log ratios, in standard errors, that is taken to be chance. A
larger one is what an arm does to the machine, and must not be taken off its figures."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """Log ratios without the part that the machine's speed explains."""

    by_block: tuple[tuple[float, ...], ...]
    shift: float = 0.0
    """The mean of what was taken off."""
    error: float = 0.0
    """The standard error that the correction adds to the mean of the log ratios."""


def corrected(by_block: Sequence[Sequence[float]], speeds: Sequence[Sequence[float]]) -> Corrected:
    """Return the log ratios as if the machine had been equally fast for both arms.

    ``speeds`` has the log ratios of the machine's speeds, head over base, by block like the others.
    """
    slope, slope_error = _slope(by_block, speeds)
    if not slope or _is_of_an_arm([x for block in speeds for x in block]):
        return Corrected(tuple(map(tuple, by_block)))
    mean = fmean(map(fmean, speeds))
    return Corrected(
        tuple(
            tuple(y - slope * x for y, x in zip(ratios, block, strict=True))
            for ratios, block in zip(by_block, speeds, strict=True)
        ),
        shift=slope * mean,
        error=slope_error * abs(mean),
    )


def _slope(
    by_block: Sequence[Sequence[float]], speeds: Sequence[Sequence[float]]
) -> tuple[float, float]:
    """Return the growth of a log ratio with that of the speeds, and its standard error.

    It is 0 if it is not known. With a view that computes, a machine of half the speed serves half
    the requests: 1 is the most that it can be.
    """
    degrees = sum(map(len, by_block)) - len(by_block) - 1
    xs, ys = _within(speeds), _within(by_block)
    squares = sum(x * x for x in xs)
    if degrees < _LEAST_DEGREES or not squares:
        return 0.0, 0.0
    slope = sum(x * y for x, y in zip(xs, ys, strict=True)) / squares
    left = sum((y - slope * x) ** 2 for x, y in zip(xs, ys, strict=True)) / degrees
    error = sqrt(left / squares)
    if slope <= error:
        return 0.0, 0.0
    # A slope that is hardly larger than its error would add more noise than it takes off, so it is
    # made smaller by the part of its square that chance explains.
    return min(1.0, slope * (1 - (error / slope) ** 2)), error


def _within(by_block: Sequence[Sequence[float]]) -> list[float]:
    """Return the differences from the blocks' means: launches are not the machine's speed."""
    return [x - mean for block in by_block for mean in [fmean(block)] for x in block]


def _is_of_an_arm(speeds: Sequence[float]) -> bool:
    return abs(fmean(speeds)) > _BY_CHANCE * stdev(speeds) / sqrt(len(speeds))
