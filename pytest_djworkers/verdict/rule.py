"""The rule for comparisons in one run: pure functions, no clock, no I/O, no randomness.

``judge`` is given all rounds so far and replays the whole procedure: at each look it judges the
blocks run until then, and the first look that decides is the last. Errors go first, then changes
so large that two or three blocks are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.look import Look
from pytest_djworkers.verdict.rounds import OF_ROUNDS, Metric, Round, blocks_of


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of the rule; the defaults are those that ``benchmarks/verdict.py`` chose."""

    early_looks: tuple[int, ...] = (2, 3)
    """The numbers of blocks after which only errors, lost workers and large changes decide."""
    looks: tuple[int, ...] = (4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 24, 28, 32)
    """The numbers of blocks after which everything can decide."""
    ok_level: float = 0.95
    """The level of the interval that must exclude a loss as large as the tolerance."""
    change_level: float = 0.9998
    """The level of the interval that must show a change: there are many looks, and each must have
    next to no chance of a false alarm."""
    change_share: float = 0.25
    """The share of the tolerance that all of that interval must be beyond."""
    change_blocks: int = 6
    """The smallest number of blocks that such a change takes."""

    @property
    def most_blocks(self) -> int:
        """The largest number of blocks that a comparison can take."""
        return self.looks[-1]


RULE = Rule()


def judge(
    rounds: Sequence[Round], *, metric: Metric, tolerance: float, rule: Rule = RULE
) -> Judgement | MoreBlocks:
    """Judge all rounds so far, discarded ones included, or ask for more blocks.

    The whole procedure is replayed from the rounds: call it after each block, or after as many as
    it asked for, with all of them. Blocks beyond those that decided change nothing, so several
    figures can be judged from one run. ``tolerance`` is a fraction of the figure; for errors it
    is the largest growth of their share (0.005: half a percentage point). Raises ValueError if
    the tolerance is negative, if rounds have no such figure, or if the rule has no looks.
    """
    if not tolerance >= 0:
        raise ValueError(f"a tolerance is 0 or more, not {tolerance!r}")
    if metric not in OF_ROUNDS:
        raise ValueError(f"rounds have no {metric}")
    if not rule.looks:
        raise ValueError("a rule without looks judges nothing")
    blocks = blocks_of(rounds)
    for number in sorted({*rule.early_looks, *rule.looks}):
        if number > len(blocks):
            mean = Look(blocks, metric, tolerance).mean
            return MoreBlocks(
                number, None if mean is None else mean.estimate(metric, rule.ok_level)
            )
        if (found := _judge_look(Look(blocks[:number], metric, tolerance), rule)) is not None:
            return found
    raise AssertionError("the last look always decides")


def judge_open(
    rounds: Sequence[Round], *, metric: Metric, tolerance: float, rule: Rule = RULE
) -> Judgement:
    """Judge a comparison that must stop now: ``inconclusive`` if nothing is decided yet.

    Takes and raises what ``judge`` does.
    """
    found = judge(rounds, metric=metric, tolerance=tolerance, rule=rule)
    if isinstance(found, Judgement):
        return found
    seen = Look(blocks_of(rounds), metric, tolerance)
    if metric is Metric.ERRORS:
        return seen.failed(rule.change_level) or seen.no_more_errors()
    if (why := seen.why_not_comparable()) is not None:
        return seen.judgement(Verdict.INCONCLUSIVE, why)
    return seen.open(rule.ok_level)


def _judge_look(seen: Look, rule: Rule) -> Judgement | None:
    """Return the judgement of one look; None if it decides nothing."""
    if (failed := seen.failed(rule.change_level)) is not None:
        return failed
    is_early, is_last = seen.blocks not in rule.looks, seen.blocks == rule.most_blocks
    if seen.metric is Metric.ERRORS:
        return None if is_early else seen.no_more_errors()
    if (why := seen.why_not_comparable()) is not None:
        # More blocks may be usable, until there are no more looks.
        return seen.judgement(Verdict.NOT_COMPARED, why) if is_last else None
    if (large := seen.large_change()) is not None:
        return large
    if is_early:
        return None
    if seen.blocks >= rule.change_blocks:
        changed = seen.changed(rule.change_level, rule.change_share)
        if changed is not None:
            return changed
    unchanged = seen.unchanged(rule.ok_level, is_last=is_last)
    return seen.open(rule.ok_level) if unchanged is None and is_last else unchanged
