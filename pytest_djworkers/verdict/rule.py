"""The rule for comparisons in one run: pure functions, no clock, no I/O, no randomness.

``judge`` is given all rounds so far and replays the whole procedure: at each look it judges the
blocks run until then, and the first look that decides is the last. Errors go first. A loss must
be seen again in fresh blocks before it is ``regressed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, log1p

from pytest_djworkers.units import counted, format_share
from pytest_djworkers.verdict.errors_first import error_shares, more_errors
from pytest_djworkers.verdict.estimate import Estimate, estimate_of, unit_of
from pytest_djworkers.verdict.left_out import MOST_DISCARDED, in_words
from pytest_djworkers.verdict.rounds import (
    Metric,
    Round,
    Sample,
    blocks_of,
    sample_of,
    thrown_away,
)
from pytest_djworkers.verdict.signed_rank import Centre, smallest_number

LEAST_CHANGE_RPS = 20.0
"""A smaller change, in requests/s, never counts."""
LEAST_CHANGE_P95_S = 0.005
"""A smaller change of the 95th percentile never counts."""
LEAST_CHANGE_ERRORS = 0.005
"""More errors than before by this share are a regression."""
_NAMES = {
    Metric.RPS: "requests/s",
    Metric.P95: "p95",
    Metric.CPU_PER_REQUEST: "CPU time per request",
    Metric.ERRORS: "errors",
}


class Verdict(StrEnum):
    """The words for what a comparison found."""

    OK = "ok"
    REGRESSED = "regressed"
    IMPROVED = "improved"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class BaselineVerdict:
    """The verdict of a burst against its stored baseline, and whether it fails the test."""

    verdict: Verdict
    reason: str
    fails: bool = False
    ratio: float | None = None
    """New requests/s over stored."""

    @property
    def is_open(self) -> bool:
        """Whether it came to no verdict on what was measured."""
        return self.verdict in {Verdict.INCONCLUSIVE, Verdict.NOT_COMPARED}


def not_compared(reason: str) -> BaselineVerdict:
    """A comparison that could not be made, and why."""
    return BaselineVerdict(Verdict.NOT_COMPARED, reason)


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of the rule; the defaults are those that ``benchmarks/verdict.py`` chose."""

    rounds_per_block: int = 6
    looks: tuple[int, ...] = (4, 6, 8, 10, 12, 16)
    """After how many blocks a comparison looks. Where blocks are the unit, a look at fewer than
    the level needs (7 for 98 %) decides nothing."""
    level: float = 0.98
    """Of the interval at each look."""
    confirming_blocks: int = 8
    """How many fresh blocks must say ``regressed`` again."""
    confirming_level: float = 0.9
    """Of their interval: 95 % sure of the one side that is asked about."""
    most_spread: float = 1.0
    """Rounds are the unit while the mean square between blocks is at most this many times that
    within blocks; at 1, while launches seem to add nothing to what the rounds explain."""

    @property
    def most_blocks(self) -> int:
        """How many a comparison can take."""
        return self.looks[-1] + self.confirming_blocks


RULE = Rule()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a comparison found, once it is done."""

    verdict: Verdict
    metric: Metric
    """What decided: ``errors`` where those go before the figure that was asked for."""
    reason: str
    """For people, one line."""
    estimate: Estimate | None
    """Of the look that decided; None where errors decided or nothing could be compared."""
    confirmation: Estimate | None
    """Of the fresh blocks alone, where there were some."""
    blocks: int
    """How many were judged, those of the confirmation included."""
    rounds: int
    """How many rounds those blocks had; the following were not compared."""
    with_errors: int
    """Left out because an arm had errors in them."""
    without_figure: int
    """Left out because an arm has no such figure."""
    discarded: tuple[tuple[str, int], ...]
    """Why rounds were thrown away, and how many."""

    @property
    def fails(self) -> bool:
        """Whether the test fails by it, ``--djworkers-strict`` aside."""
        return self.verdict is Verdict.REGRESSED


@dataclass(frozen=True, slots=True)
class MoreBlocks:
    """Nothing is decided yet."""

    total: int
    """How many blocks, from the first on, must have been run before it is worth asking again."""
    confirming: bool
    """Whether they are to confirm a loss that was seen."""


def judge(
    rounds: Sequence[Round], *, metric: Metric, tolerance: float, rule: Rule = RULE
) -> Judgement | MoreBlocks:
    """Judge all rounds so far, thrown away ones included, or say how many blocks it still takes.

    The whole procedure is replayed from the rounds: call it after each block, or after as many as
    it asked for, with all of them. Blocks beyond those that decided change nothing, so several
    figures can be judged from one run. ``tolerance`` is a fraction of the figure; for errors it
    is by how much their share may grow (0.005: half a percentage point). Raises ValueError for a
    negative one.
    """
    if not tolerance >= 0:
        raise ValueError(f"a tolerance is 0 or more, not {tolerance!r}")
    blocks = blocks_of(rounds)
    for look in rule.looks:
        if len(blocks) < look:
            return MoreBlocks(look, confirming=False)
        seen = _Seen(blocks[:look], metric, tolerance, rule)
        if metric is Metric.ERRORS or seen.errors is not None:
            return seen.judged_by_errors()
        if (hindrance := seen.hindrance(rule.level)) is not None:
            if look < rule.looks[-1]:
                continue
            return seen.judgement(Verdict.NOT_COMPARED, hindrance)
        verdict, estimate = seen.compare(seen.sample, rule.level)
        if verdict is Verdict.REGRESSED:
            total = look + rule.confirming_blocks
            if len(blocks) < total:
                return MoreBlocks(total, confirming=True)
            fresh = _Seen(blocks[look:total], metric, tolerance, rule)
            return _confirm(estimate, fresh, _Seen(blocks[:total], metric, tolerance, rule))
        if verdict is not Verdict.INCONCLUSIVE or look == rule.looks[-1]:
            return seen.judgement(verdict, seen.in_words(verdict, estimate), estimate)
    raise ValueError("a rule without looks judges nothing")


class _Seen:
    """The rounds of some blocks, and what can be said of them."""

    def __init__(
        self, blocks: Sequence[Sequence[Round]], metric: Metric, tolerance: float, rule: Rule
    ) -> None:
        self.blocks = len(blocks)
        self.rounds = [one for block in blocks for one in block]
        self.metric = metric
        self.tolerance = tolerance
        self.rule = rule
        self.sample = sample_of(self.rounds, metric)
        self.discarded = thrown_away(self.rounds)
        allowed = tolerance if metric is Metric.ERRORS else LEAST_CHANGE_ERRORS
        self.errors = more_errors(self.rounds, allowed)

    def hindrance(self, level: float) -> str | None:
        """Why no figures can be compared at this level."""
        if sum(number for _, number in self.discarded) > MOST_DISCARDED * len(self.rounds):
            cause, advice = in_words(self.discarded)
            return f"{cause}: {self._left_out()}{advice and f'; {advice}'}"
        if len(self.sample.ratios) < smallest_number(level):
            return f"too few rounds to compare: {self._left_out()}"
        return None

    def compare(self, sample: Sample, level: float) -> tuple[Verdict, Estimate]:
        """What a sample, of all these rounds or of the fresh ones among them, says by itself.

        What counts as independent, and which changes count, is known best from all rounds.
        """
        unit = unit_of(self.sample.by_block, self.rule.most_spread)
        found, estimate = estimate_of(sample, self.metric, unit, level)
        loss, gain = _least_changes(self.metric, self.tolerance, self.sample.typical)
        return _verdict(found, loss, gain), estimate

    def judged_by_errors(self) -> Judgement:
        """``regressed`` for more errors in head, else ``ok``."""
        if self.errors is not None:
            return self.judgement(Verdict.REGRESSED, self.errors, metric=Metric.ERRORS)
        base, head = error_shares(self.rounds)
        reason = f"errors {format_share(head)} against {format_share(base)}"
        return self.judgement(Verdict.OK, reason, metric=Metric.ERRORS)

    def judgement(
        self,
        verdict: Verdict,
        reason: str,
        estimate: Estimate | None = None,
        confirmation: Estimate | None = None,
        metric: Metric | None = None,
    ) -> Judgement:
        """With the counts of what was judged."""
        return Judgement(
            verdict=verdict,
            metric=metric or self.metric,
            reason=reason,
            estimate=estimate,
            confirmation=confirmation,
            blocks=self.blocks,
            rounds=len(self.rounds),
            with_errors=self.sample.with_errors,
            without_figure=self.sample.without_figure,
            discarded=self.discarded,
        )

    def in_words(self, verdict: Verdict, estimate: Estimate) -> str:
        """One line: what was found, what it means, what was left out."""
        parts = [f"{_NAMES[self.metric]} {estimate}"]
        if verdict is Verdict.REGRESSED:
            parts[0] += f", beyond the tolerance of {format_share(self.tolerance)}"
        if verdict is Verdict.IMPROVED:
            parts.append("worth a new baseline")
        if verdict is Verdict.INCONCLUSIVE and estimate.smallest_visible is not None:
            visible = format_share(estimate.smallest_visible)
            parts.append(f"this run could have seen a change of {visible}")
        if left_out := self._left_out():
            parts.append(left_out)
        return "; ".join(parts)

    def _left_out(self) -> str:
        why = [*self.discarded, ("errors", self.sample.with_errors)]
        why.append((f"no {_NAMES[self.metric]}", self.sample.without_figure))
        told = ", ".join(f"{reason} ({number})" for reason, number in why if number)
        left_out = sum(number for _, number in why)
        return f"{left_out} of {len(self.rounds)} rounds left out: {told}" if told else ""


def _confirm(first: Estimate, fresh: _Seen, whole: _Seen) -> Judgement:
    """The judgement once a loss was seen and the fresh blocks have been run."""
    if whole.errors is not None:
        return whole.judged_by_errors()
    rule = whole.rule
    if (hindrance := fresh.hindrance(rule.confirming_level)) is not None:
        return whole.judgement(Verdict.NOT_COMPARED, hindrance, first)
    blocks = counted(rule.confirming_blocks, "fresh block")
    confirmed, again = whole.compare(fresh.sample, rule.confirming_level)
    if confirmed is Verdict.REGRESSED:
        reason = f"{whole.in_words(confirmed, first)}; {blocks} say so again: {again}"
        return whole.judgement(confirmed, reason, first, again)
    verdict, estimate = whole.compare(whole.sample, rule.level)
    if verdict is Verdict.REGRESSED:
        verdict = Verdict.INCONCLUSIVE
    reason = f"{whole.in_words(verdict, estimate)}; seen first: {first}; {blocks}: {again}"
    return whole.judgement(verdict, reason, estimate, again)


def _verdict(found: Centre, loss: float, gain: float) -> Verdict:
    if found.interval is None:
        return Verdict.INCONCLUSIVE
    low, high = found.interval
    if high < 0 and found.estimate < -loss:
        return Verdict.REGRESSED
    if low > 0 and found.estimate > gain:
        return Verdict.IMPROVED
    return Verdict.OK if low > -loss else Verdict.INCONCLUSIVE


def _least_changes(metric: Metric, tolerance: float, typical: float | None) -> tuple[float, float]:
    """The log ratios, without sign, of the smallest loss and of the smallest gain that count.

    The tolerance either way; where the floor, a change of so many requests/s or milliseconds,
    is more than that of a typical figure of base, the floor.
    """
    if metric is Metric.RPS:
        floor = LEAST_CHANGE_RPS / typical if typical else inf
        return max(_fall(tolerance), _fall(floor)), max(_fall(tolerance), log1p(floor))
    floor = 0.0
    if metric is Metric.P95:
        floor = LEAST_CHANGE_P95_S / typical if typical else inf
    return max(log1p(tolerance), log1p(floor)), max(log1p(tolerance), _fall(floor))


def _fall(fraction: float) -> float:
    """The log ratio, without sign, of a figure that loses a fraction; infinite for all of it."""
    return -log1p(-fraction) if fraction < 1 else inf
