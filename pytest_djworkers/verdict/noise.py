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
"""How often a change of the smallest visible size is seen."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How much identical code differs from itself here, as standard deviations of log ratios."""

    round_sd: float
    """Of rounds, within a block."""
    launch_sd: float
    """Of what the rounds of a block have in common: two launches."""
    blocks: int
    rounds: int
    """How many of them counted."""
    discarded: int

    def block_sd(self, rounds_per_block: int) -> float:
        """Of the mean of a block's rounds."""
        return sqrt(self.launch_sd**2 + self.round_sd**2 / rounds_per_block)


def noise_of(rounds: Sequence[Round], metric: Metric = Metric.RPS) -> Noise:
    """The noise in rounds of the same code in both arms.

    Raises ValueError without two blocks of which rounds count, one of them with two.
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
    """The smallest loss, as a fraction, that so many seconds tell from none nine times in ten.

    By one look at as many blocks as fit, of ``block_s`` seconds each, as the unit. None when they
    are too few for the rule's level. Confirming takes its blocks on top.
    """
    return _visible(noise, int(within_s / block_s), rule)


def proposed_tolerance(noise: Noise, rule: Rule = RULE) -> float:
    """A tolerance in whole percents, as a fraction, that this machine can hold.

    At no change nine comparisons in ten end in ``ok`` by it, at the latest after the last look.
    """
    visible = _visible(noise, rule.looks[-1], rule)
    if visible is None:
        raise ValueError(f"{rule.looks[-1]} blocks are too few for an interval")
    return max(1, ceil(round(visible * 100, 6))) / 100


def _visible(noise: Noise, blocks: int, rule: Rule) -> float | None:
    half_width = _half_width(blocks, rule.level)
    if half_width is None:
        return None
    # The interval moves with the estimate, and its width differs from one sample to the next.
    end_sd = sqrt(1 / blocks + half_width**2 / (2 * (blocks - 1)))
    margin = _NORMAL.inv_cdf(_OFTEN) * end_sd
    return 1 - exp(-(half_width + margin) * noise.block_sd(rule.rounds_per_block))


@lru_cache
def _half_width(n: int, level: float) -> float | None:
    """Of the interval of n values that lie as normal ones do on average, with a deviation of 1."""
    if averages_cut(n, level) is None:
        return None
    scores = [_NORMAL.inv_cdf((i - 0.375) / (n + 0.25)) for i in range(1, n + 1)]
    interval = centre(scores, level).interval
    assert interval is not None
    return interval[1] / stdev(scores)
