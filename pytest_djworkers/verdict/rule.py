"""The rule for comparisons in one run: pure functions, no clock, no I/O, no randomness.

``judge`` is given all rounds so far and replays the whole procedure: at each look it judges the
blocks run until then, and the first look that decides is the last. Errors go first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.look import Look
from pytest_djworkers.verdict.rounds import Metric, Round, blocks_of


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of the rule; the defaults are those that ``benchmarks/verdict.py`` chose."""

    looks: tuple[int, ...] = (4, 6, 8, 10, 12, 16)
    """The numbers of blocks after which a comparison looks. Where blocks are the unit, a look at
    fewer than the level needs (7 for 98 %) decides nothing."""
    level: float = 0.98
    """The level of the interval at each look."""
    most_spread: float = 1.0
    """Rounds are the unit while the mean square between blocks is at most this many times that
    within blocks; at 1, while launches seem to add nothing to what the rounds explain."""

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
    the tolerance is negative.
    """
    if not tolerance >= 0:
        raise ValueError(f"a tolerance is 0 or more, not {tolerance!r}")
    blocks = blocks_of(rounds)
    estimate = None
    for look in rule.looks:
        if len(blocks) < look:
            return MoreBlocks(look, estimate)
        seen = Look(blocks[:look], metric, tolerance, rule.most_spread)
        if metric is Metric.ERRORS or seen.errors is not None:
            return seen.judged_by_errors()
        if (why := seen.why_not_comparable(rule.level)) is not None:
            # More blocks may be usable, until there are no more looks.
            if look < rule.looks[-1]:
                continue
            return seen.judgement(Verdict.NOT_COMPARED, why)
        verdict, estimate = seen.compare(seen.sample, rule.level)
        if verdict is not Verdict.INCONCLUSIVE or look == rule.looks[-1]:
            return seen.judgement(verdict, seen.in_words(verdict, estimate), estimate)
    raise ValueError("a rule without looks judges nothing")


def judge_open(
    rounds: Sequence[Round], *, metric: Metric, tolerance: float, rule: Rule = RULE
) -> Judgement:
    """Judge a comparison that must stop now: ``inconclusive`` if nothing is decided yet.

    Takes and raises what ``judge`` does.
    """
    found = judge(rounds, metric=metric, tolerance=tolerance, rule=rule)
    if isinstance(found, Judgement):
        return found
    seen = Look(blocks_of(rounds), metric, tolerance, rule.most_spread)
    if (why := seen.why_not_comparable(rule.level)) is not None:
        return seen.judgement(Verdict.INCONCLUSIVE, why)
    _, estimate = seen.compare(seen.sample, rule.level)
    verdict = Verdict.INCONCLUSIVE
    return seen.judgement(verdict, seen.in_words(verdict, estimate), estimate)
