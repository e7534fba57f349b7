"""A machine's noise floor, from rounds of one revision against itself: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, sqrt
from statistics import NormalDist, variance

from pytest_djworkers.units import counted
from pytest_djworkers.verdict.estimate import Spread, spread_of
from pytest_djworkers.verdict.rounds import Metric, Round, count_discarded, sample_of
from pytest_djworkers.verdict.rule import RULE, Rule
from pytest_djworkers.verdict.student_t import upper_quantile

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

    With one round in each block, all of it is the launches'. Raises ValueError without two blocks
    that have rounds which count.
    """
    sample = sample_of(rounds, metric)
    spread = spread_of(sample.by_block)
    if spread is None and len(sample.by_block) > 1:
        # Rounds and launches can't be told apart, and the blocks' deviation is that of both.
        spread = Spread(between=variance(sample.ratios), within=0.0, per_block=1.0)
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

    By one look at the blocks of ``block_s`` seconds that fit into ``within_s`` seconds. None if
    they are too few for the rule.
    """
    blocks = int(within_s / block_s)
    if blocks < rule.change_blocks:
        return None
    return 1 - exp(-_margin(blocks, rule.change_level) * noise.block_sd)


def proposed_tolerance(noise: Noise, rule: Rule = RULE) -> float:
    """Return a tolerance in whole percents, as a fraction, that this machine can hold.

    With it nine comparisons in ten of the same code end in ``ok``, at the latest after the last
    look.
    """
    least = 1 - exp(-_margin(rule.most_blocks, rule.ok_level) * noise.block_sd)
    # Rounded first: 7 % may be 0.07000000000000001 in binary, which is not 8 %.
    return max(1, ceil(round(least * 100, 6))) / 100


def _margin(blocks: int, level: float) -> float:
    """Return the distance at which the interval excludes no change in nine samples of ten.

    In standard deviations of the blocks' means.
    """
    half_width = upper_quantile((1 - level) / 2, blocks - 1) / sqrt(blocks)
    # The end of the interval moves with the estimate, whose variance is 1/n, and with the deviation
    # that the width is made from, whose variance is about 1/(2(n - 1)) (both in units of the
    # blocks' deviation, for normal values).
    end_sd = sqrt(1 / blocks + half_width**2 / (2 * (blocks - 1)))
    return half_width + _NORMAL.inv_cdf(_OFTEN) * end_sd
