"""A machine's noise floor, from rounds of one revision against itself: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, sqrt
from statistics import NormalDist, stdev

from pytest_djworkers.units import counted
from pytest_djworkers.verdict.estimate import spread_of
from pytest_djworkers.verdict.rounds import Metric, Round, count_discarded, sample_of
from pytest_djworkers.verdict.rule import RULE, Rule
from pytest_djworkers.verdict.signed_rank import averages_cut, centre

_NORMAL = NormalDist()
_OFTEN = 0.9
"""The share of comparisons in which a change of the smallest visible size is seen."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The difference of identical code from itself here, as standard deviations of log ratios."""

    round_sd: float
    """The deviation of rounds within a block."""
    launch_sd: float
    """The deviation of what the rounds of a block have in common: two launches."""
    blocks: int
    rounds: int
    """The number of rounds that counted."""
    discarded: int

    @property
    def block_sd(self) -> float:
        """The standard deviation of the mean of a block's rounds."""
        # The launch is the same in all rounds of a block, so only the rounds' part averages out.
        return sqrt(self.launch_sd**2 + self.round_sd**2 * self.blocks / self.rounds)


def noise_of(rounds: Sequence[Round], metric: Metric = Metric.RPS) -> Noise:
    """Return the noise in rounds of the same code in both arms.

    Raises ValueError without two blocks that have rounds which count, one of them with two.
    """
    sample = sample_of(rounds, metric)
    spread = spread_of(sample.by_block)
    if spread is None:
        raise ValueError(
            f"too few to tell noise by: {counted(len(sample.ratios), 'round')} in"
            f" {counted(len(sample.by_block), 'block')} that count"
        )
    return Noise(
        round_sd=sqrt(spread.within),
        launch_sd=sqrt(spread.launch_variance),
        blocks=len(sample.by_block),
        rounds=len(sample.ratios),
        discarded=sum(number for _, number in count_discarded(rounds)),
    )


def smallest_visible(
    noise: Noise, *, within_s: float, block_s: float, rule: Rule = RULE
) -> float | None:
    """Return the smallest loss, as a fraction, that is told from none nine times in ten.

    By one look at the blocks of ``block_s`` seconds that fit into ``within_s`` seconds, with
    blocks as the unit. None if they are too few for the rule's level.
    """
    return _visible(noise, int(within_s / block_s), rule)


def proposed_tolerance(noise: Noise, rule: Rule = RULE) -> float:
    """Return a tolerance in whole percents, as a fraction, that this machine can hold.

    With it nine comparisons in ten of the same code end in ``ok``, at the latest after the last
    look. Raises ValueError if the rule has too few blocks for its level.
    """
    visible = _visible(noise, rule.looks[-1], rule)
    if visible is None:
        raise ValueError(f"{rule.looks[-1]} blocks are too few for an interval")
    # Rounded first: 7 % may be 0.07000000000000001 in binary, which is not 8 %.
    return max(1, ceil(round(visible * 100, 6))) / 100


def _visible(noise: Noise, blocks: int, rule: Rule) -> float | None:
    half_width = _half_width(blocks, rule.level)
    if half_width is None:
        return None
    # The end of the interval must be beyond no change in nine samples of ten. It moves with the
    # estimate, whose variance is 1/n, and with the deviation that the width is made from, whose
    # variance is about 1/(2(n - 1)) (both in units of the blocks' deviation, for normal values).
    end_sd = sqrt(1 / blocks + half_width**2 / (2 * (blocks - 1)))
    margin = _NORMAL.inv_cdf(_OFTEN) * end_sd
    return 1 - exp(-(half_width + margin) * noise.block_sd)


@lru_cache
def _half_width(n: int, level: float) -> float | None:
    """Return half the width of the interval of n typical normal values, of a deviation of 1.

    None if n is too small for the level.
    """
    if averages_cut(n, level) is None:
        return None
    # Blom's approximation of the expected order statistics of a normal sample (Statistical
    # Estimates and Transformed Beta-Variables, 1958).
    scores = [_NORMAL.inv_cdf((i - 0.375) / (n + 0.25)) for i in range(1, n + 1)]
    interval = centre(scores, level).interval
    assert interval is not None
    return interval[1] / stdev(scores)
