"""The rule for comparisons in one run: pure functions, no clock, no I/O, no randomness.

``judge`` is given all rounds so far and replays the whole procedure: at each look it judges the
blocks run until then, and the first look that decides is the last. Errors go first. A loss must
be seen again in fresh blocks before it is ``regressed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_djworkers.units import counted
from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
from pytest_djworkers.verdict.look import Look
from pytest_djworkers.verdict.rounds import Metric, Round, blocks_of


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of the rule; the defaults are those that ``benchmarks/verdict.py`` chose."""

    rounds_per_block: int = 6
    looks: tuple[int, ...] = (4, 6, 8, 10, 12, 16)
    """The numbers of blocks after which a comparison looks. Where blocks are the unit, a look at
    fewer than the level needs (7 for 98 %) decides nothing."""
    level: float = 0.98
    """The level of the interval at each look."""
    confirming_blocks: int = 8
    """The number of fresh blocks that must say ``regressed`` again."""
    confirming_level: float = 0.9
    """The level of their interval: 95 % sure of the one side that matters."""
    most_spread: float = 1.0
    """Rounds are the unit while the mean square between blocks is at most this many times that
    within blocks; at 1, while launches seem to add nothing to what the rounds explain."""

    @property
    def most_blocks(self) -> int:
        """The largest number of blocks that a comparison can take."""
        return self.looks[-1] + self.confirming_blocks


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

    def look_at(first: int, last: int) -> Look:
        return Look(blocks[first:last], metric, tolerance, rule.most_spread)

    for look in rule.looks:
        if len(blocks) < look:
            return MoreBlocks(look, confirming=False)
        seen = look_at(0, look)
        if metric is Metric.ERRORS or seen.errors is not None:
            return seen.judged_by_errors()
        if (why := seen.why_not_comparable(rule.level)) is not None:
            # More blocks may be usable, until there are no more looks.
            if look < rule.looks[-1]:
                continue
            return seen.judgement(Verdict.NOT_COMPARED, why)
        verdict, estimate = seen.compare(seen.sample, rule.level)
        if verdict is Verdict.REGRESSED:
            total = look + rule.confirming_blocks
            if len(blocks) < total:
                return MoreBlocks(total, confirming=True)
            return _confirm(rule, estimate, look_at(look, total), look_at(0, total))
        if verdict is not Verdict.INCONCLUSIVE or look == rule.looks[-1]:
            return seen.judgement(verdict, seen.in_words(verdict, estimate), estimate)
    raise ValueError("a rule without looks judges nothing")


def _confirm(rule: Rule, first: Estimate, fresh: Look, whole: Look) -> Judgement:
    """Judge a loss that was seen, once the confirming blocks have run.

    Each look has a chance of a false alarm, and a comparison looks up to six times. Blocks that
    no look has seen are judged once, so their error is that of their level alone.
    """
    if whole.errors is not None:
        return whole.judged_by_errors()
    if (why := fresh.why_not_comparable(rule.confirming_level)) is not None:
        return whole.judgement(Verdict.NOT_COMPARED, why, first)
    blocks = counted(rule.confirming_blocks, "fresh block")
    confirmed, again = whole.compare(fresh.sample, rule.confirming_level)
    if confirmed is Verdict.REGRESSED:
        reason = f"{whole.in_words(confirmed, first)}; confirmed by {blocks}: {again}"
        return whole.judgement(confirmed, reason, first, again)
    verdict, estimate = whole.compare(whole.sample, rule.level)
    # All blocks together include those that raised the alarm: they can clear it, and not confirm.
    if verdict is Verdict.REGRESSED:
        verdict = Verdict.INCONCLUSIVE
    found = whole.in_words(verdict, estimate)
    reason = f"{found}; at first {first}; not confirmed by {blocks}: {again}"
    return whole.judgement(verdict, reason, estimate, again)
