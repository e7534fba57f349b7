"""A machine's noise floor, from rounds of one revision against itself: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_djworkers.baseline.rounds import Metric, Round


@dataclass(frozen=True, slots=True)
class Noise:
    """How much identical code differs from itself here."""

    round_sd: float
    """Of the log ratio of a round, within a block."""
    launch_sd: float
    """Of the log ratio of a pair of launches: what a block's rounds share."""
    blocks: int
    rounds: int
    discarded: int


def noise_of(rounds: Sequence[Round], metric: Metric = Metric.RPS) -> Noise:
    """The noise in rounds of the same code in both arms. Raises ValueError with less than two
    blocks of two rounds that count."""
    raise NotImplementedError


def smallest_visible(noise: Noise, *, within_s: float, block_s: float) -> float | None:
    """The smallest loss, as a fraction, that a comparison as long as this sees nine times in ten;
    None where the time does not suffice for a verdict."""
    raise NotImplementedError


def proposed_tolerance(noise: Noise, *, block_s: float) -> float:
    """A tolerance, in whole percents as a fraction, that this machine can hold."""
    raise NotImplementedError
