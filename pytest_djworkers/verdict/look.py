"""One look at a comparison: the rounds of some blocks, and what they show by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.units import format_share
from pytest_djworkers.verdict.errors_first import error_shares, more_errors
from pytest_djworkers.verdict.estimate import Estimate, estimate_of, unit_of
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.least_change import LEAST_CHANGE_ERRORS, least_changes
from pytest_djworkers.verdict.reliability import MOST_DISCARDED, explain_discarded
from pytest_djworkers.verdict.rounds import Metric, Round, Sample, count_discarded, sample_of
from pytest_djworkers.verdict.signed_rank import Centre, smallest_number

_NAMES = {
    Metric.RPS: "requests/s",
    Metric.P95: "p95",
    Metric.CPU_PER_REQUEST: "CPU time per request",
    Metric.ERRORS: "errors",
}


class Look:
    """The rounds of some blocks, judged by one figure.

    ``most_spread`` is the rule's: it decides whether rounds or blocks are the unit.
    """

    def __init__(
        self,
        blocks: Sequence[Sequence[Round]],
        metric: Metric,
        tolerance: float,
        most_spread: float,
    ) -> None:
        self.blocks = len(blocks)
        self.rounds = [each for block in blocks for each in block]
        self.metric = metric
        self.tolerance = tolerance
        self.most_spread = most_spread
        self.sample = sample_of(self.rounds, metric)
        self.discarded = count_discarded(self.rounds)
        # The tolerance of a speed says nothing about errors, so those have their own bound.
        allowed = tolerance if metric is Metric.ERRORS else LEAST_CHANGE_ERRORS
        self.errors = more_errors(self.rounds, allowed)

    def why_not_comparable(self, level: float) -> str | None:
        """Return why no figures can be compared at this level; None if they can."""
        # Rounds are discarded for reasons that have nothing to do with the figures, but so many of
        # them say that the others are no better.
        if sum(number for _, number in self.discarded) > MOST_DISCARDED * len(self.rounds):
            cause, advice = explain_discarded(self.discarded)
            return f"{cause}: {self._left_out()}{advice and f'; {advice}'}"
        if len(self.sample.ratios) < smallest_number(level):
            return f"too few rounds to compare: {self._left_out()}"
        return None

    def compare(self, sample: Sample, level: float) -> tuple[Verdict, Estimate]:
        """Return the verdict of a sample by itself, and its estimate."""
        unit = unit_of(self.sample.by_block, self.most_spread)
        found, estimate = estimate_of(sample, self.metric, unit, level)
        loss, gain = least_changes(self.metric, self.tolerance)
        return _verdict(found, loss, gain), estimate

    def judged_by_errors(self) -> Judgement:
        """Return ``regressed`` if head has more errors than base, else ``ok``."""
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
        metric: Metric | None = None,
    ) -> Judgement:
        """Return a judgement with this verdict and the counts of what was looked at."""
        return Judgement(
            verdict=verdict,
            metric=metric or self.metric,
            reason=reason,
            estimate=estimate,
            blocks=self.blocks,
            rounds=len(self.rounds),
            with_errors=self.sample.with_errors,
            without_figure=self.sample.without_figure,
            discarded=self.discarded,
        )

    def in_words(self, verdict: Verdict, estimate: Estimate) -> str:
        """Return one line: what was found, what it means, and what was left out."""
        parts = [f"{_NAMES[self.metric]} {estimate}"]
        if verdict is Verdict.REGRESSED:
            parts[0] += f", beyond the tolerance of {format_share(self.tolerance)}"
        if verdict is Verdict.IMPROVED:
            parts.append("consider saving a new baseline")
        if verdict is Verdict.INCONCLUSIVE and estimate.smallest_visible is not None:
            visible = format_share(estimate.smallest_visible)
            parts.append(f"the smallest change that this run could detect is {visible}")
        if left_out := self._left_out():
            parts.append(left_out)
        return "; ".join(parts)

    def _left_out(self) -> str:
        """Return the number of rounds left out with the reasons; nothing if there are none."""
        reasons = [
            *self.discarded,
            ("errors", self.sample.with_errors),
            (f"no {_NAMES[self.metric]}", self.sample.without_figure),
        ]
        number = sum(count for _, count in reasons)
        if not number:
            return ""
        listed = ", ".join(f"{reason} ({count})" for reason, count in reasons if count)
        return f"{number} of {len(self.rounds)} rounds left out: {listed}"


def _verdict(found: Centre, loss: float, gain: float) -> Verdict:
    """Return what log ratios with this centre say; ``loss`` and ``gain`` have no sign."""
    if found.interval is None:
        return Verdict.INCONCLUSIVE
    low, high = found.interval
    # Two conditions: that there is a loss at all (the interval excludes 0), and that it is large
    # enough to matter (the estimate is beyond the tolerance). `ok` needs only one: a loss that
    # matters is excluded.
    if high < 0 and found.estimate < -loss:
        return Verdict.REGRESSED
    if low > 0 and found.estimate > gain:
        return Verdict.IMPROVED
    return Verdict.OK if low > -loss else Verdict.INCONCLUSIVE
