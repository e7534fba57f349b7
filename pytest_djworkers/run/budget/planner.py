"""Shares a budget of time among the comparisons of a run: pure functions, without a clock.

First each test gets one look. Then those without a verdict get more blocks, the one with the worst
estimate first. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, TypeVar

from pytest_djworkers.verdict.judgement import MoreBlocks
from pytest_djworkers.verdict.rounds import Metric

if TYPE_CHECKING:
    from pytest_djworkers.compare.procedure import Judged

Test = TypeVar("Test")
FIRST_LOOK_BLOCKS = 4
"""The number of blocks of a test's first look, if its share of the budget has room for them."""
LEAST_BLOCKS = 2
"""The least number of blocks of a first look: a large loss shows in two of them."""
SLOW_LOOK_S = 20.0
"""The time of a turn from which on its least blocks must fit into its share, as all others must: a
view that waits for 10 s would use up the time of other tests."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of one comparison without a verdict."""

    loss: float
    """The worst loss that is estimated for its figures, as a logarithm; below 0 for a gain."""
    next_look_s: float
    """The time until its next look, as the blocks so far took it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A test without a verdict that waits for another turn."""

    turns: int
    """The number of turns that it has had."""
    open: Collection[Standing]
    """Its comparisons that have no verdict."""

    @property
    def loss(self) -> float:
        """The worst loss of its comparisons, as a logarithm."""
        return max(one.loss for one in self.open)


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of one turn of a test."""

    seconds: float
    reason: str
    """The reason why a comparison ends that is stopped by this limit, in words."""
    most_blocks: int | None = None
    """The number of blocks after which a comparison without a verdict waits for its next turn."""
    least_blocks: int = 0
    """The number of blocks that a comparison gets even if that takes longer, but not much: see
    ``SLOW_LOOK_S``."""

    def is_reached(self, *, blocks: int, used_s: float, next_look_s: float) -> bool:
        """Return True if a comparison without a verdict must stop after this number of blocks.

        ``used_s`` is what the turn has taken so far, and ``next_look_s`` what it would take until
        the rule can decide more than now.
        """
        if self.most_blocks is not None and blocks >= self.most_blocks:
            return True
        is_slow = used_s > max(self.seconds, SLOW_LOOK_S)
        has_enough = blocks >= self.least_blocks or is_slow
        return has_enough and used_s + next_look_s > self.seconds


def standing_of(blocks: int, judged: Judged, block_s: float) -> Standing | None:
    """Return how far a comparison has come; None if all of its figures have verdicts."""
    open_figures = {metric: one for metric, one in judged.items() if isinstance(one, MoreBlocks)}
    if not open_figures:
        return None
    # The figure that looks first may be the last one that is open.
    to_next_look = max(1, min(one.total for one in open_figures.values()) - blocks)
    return Standing(max(_loss(*one) for one in open_figures.items()), to_next_look * block_s)


def _loss(metric: Metric, more: MoreBlocks) -> float:
    # Without an estimate it is as likely to be a loss as a gain.
    if more.estimate is None:
        return 0.0
    return log(more.estimate.ratio) * (-1 if metric is Metric.RPS else 1)


def even_share(left_s: float, tests: int) -> float:
    """Return the time for one of this number of tests which have not been looked at."""
    return max(0.0, left_s) / max(1, tests)


def order_of_turns(waiting: Mapping[Test, Waiting], left_s: float) -> list[Test]:
    """Return the tests that can come to another look in the time that is left, in their order.

    Those with fewer turns come first, among them the one with the worst loss.
    """
    fitting = {
        test: one for test, one in waiting.items() if one.open and next_look_s(one.open) <= left_s
    }
    return sorted(fitting, key=lambda test: (fitting[test].turns, -fitting[test].loss))


def allowance(others: Sequence[Collection[Standing]], left_s: float) -> float:
    """Return the time for the next test's turn: what is left, less one more look for each other.

    A comparison whose loss is near the tolerance takes as many blocks as it gets, and must not
    keep the others from theirs.
    """
    return max(0.0, left_s - sum(map(next_look_s, others)))


def next_look_s(own: Collection[Standing]) -> float:
    """Return the time that the comparisons of a test take until the next look of each."""
    return sum(one.next_look_s for one in own)
