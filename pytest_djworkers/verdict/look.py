"""One look at a comparison: the rounds of some blocks, and what they show by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from statistics import fmean, median

from pytest_djworkers.units import counted, format_change, format_share
from pytest_djworkers.verdict.errors_first import error_shares, more_errors, more_lost_workers
from pytest_djworkers.verdict.estimate import Estimate, estimate_of, mean_of
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.least_change import LEAST_CHANGE_ERRORS, least_change
from pytest_djworkers.verdict.reliability import MOST_DISCARDED, explain_discarded
from pytest_djworkers.verdict.rounds import METRIC_NAMES, Metric, Round, count_discarded, sample_of
from pytest_djworkers.verdict.slow_responses import may_have_more_slow, more_slow

_LARGE = -log(1 - 0.4)
"""A large loss, as a log ratio. Each block must show two fifths, so that a true loss of half, which
blocks show give or take some, is decided soon."""
_LEAST_ROUNDS = 3
"""The smallest number of rounds that decide a large loss: one or two could be stalls."""


class Look:
    """The rounds of some blocks, judged by one figure."""

    def __init__(self, blocks: Sequence[Sequence[Round]], metric: Metric, tolerance: float) -> None:
        self.blocks = len(blocks)
        self.rounds = [each for block in blocks for each in block]
        self.metric = metric
        self.tolerance = tolerance
        self.least = least_change(metric, tolerance)
        """The smallest loss that counts, as a log ratio without a sign."""
        self.sample = sample_of(self.rounds, metric)
        self.mean = mean_of(self.sample.by_block, self.sample.machine_error)
        self.discarded = count_discarded(self.rounds)

    def failed(self, level: float) -> Judgement | None:
        """Return ``regressed`` if head has more errors, timeouts or lost workers than base.

        So it is with slow responses, if they are certain at this level.
        """
        # The tolerance of a speed says nothing about errors, so those have their own bound.
        allowed = self.tolerance if self.metric is Metric.ERRORS else LEAST_CHANGE_ERRORS
        found = (
            more_errors(self.rounds, allowed),
            more_lost_workers(self.rounds),
            more_slow(self.rounds, level),
        )
        if reason := "; ".join(filter(None, found)):
            return self.judgement(Verdict.REGRESSED, reason, metric=Metric.ERRORS)
        return None

    def no_more_errors(self) -> Judgement:
        """Return ``ok`` for the figure of errors."""
        base, head = error_shares(self.rounds)
        reason = f"errors {format_share(head)} against {format_share(base)}"
        return self.judgement(Verdict.OK, reason, metric=Metric.ERRORS)

    def large_change(self) -> Judgement | None:
        """Return the verdict if each block by itself shows a loss, or a gain, of half or more."""
        by_block = self.sample.by_block
        if len(by_block) < self.blocks or len(self.sample.ratios) < _LEAST_ROUNDS:
            return None
        # Medians, so that one stalled window is not the block's figure.
        centres = [median(block) for block in by_block]
        least = max(_LARGE, self.least)
        lost = max(centres) < -least
        # Two or three blocks show a few slow responses in one of them, if at all.
        gained = min(centres) > least and not may_have_more_slow(self.rounds, in_blocks=1)
        if self.blocks < 2 or not (lost or gained):
            return None
        # The range of n blocks contains the median of all but for 2 chances in 2^n.
        interval, level = (min(centres), max(centres)), 1 - 2 ** (1 - self.blocks)
        estimate = estimate_of(self.metric, fmean(centres), interval, level, self.blocks)
        each = " and ".join(format_change(self._ratio(centre)) for centre in centres)
        reason = (
            f"{METRIC_NAMES[self.metric]} {format_change(estimate.ratio)}, in each block: {each}"
        )
        verdict = Verdict.REGRESSED if lost else Verdict.IMPROVED
        return self.judgement(verdict, self._with_remarks(reason), estimate)

    def why_not_comparable(self) -> str | None:
        """Return why the figures can't be compared; None if they can."""
        # Rounds are discarded for reasons that have nothing to do with the figures, but so many of
        # them say that the others are no better.
        if sum(number for _, number in self.discarded) > MOST_DISCARDED * len(self.rounds):
            cause, advice = explain_discarded(self.discarded)
            return f"{cause}: {self._left_out()}{advice and f'; {advice}'}"
        if self.mean is None:
            return "; ".join(filter(None, ("too few rounds to compare", self._left_out())))
        return None

    def changed(self, level: float, share: float) -> Judgement | None:
        """Return ``regressed`` or ``improved`` if a change is certain at this level.

        The estimate must be beyond the tolerance, and all of the interval beyond this share of it.
        """
        assert self.mean is not None
        low, high = self.mean.interval(level)
        if self.mean.value < -self.least and high < -share * self.least:
            verdict, then = Verdict.REGRESSED, f", beyond the tolerance of {self._allowed}"
        elif (
            self.mean.value > self.least
            and low > share * self.least
            and not may_have_more_slow(self.rounds)
        ):
            verdict, then = Verdict.IMPROVED, ""
        else:
            return None
        estimate = self.mean.estimate(self.metric, level)
        return self.judgement(
            verdict, self._with_remarks(f"{self._found(estimate)}{then}"), estimate
        )

    def unchanged(self, level: float, *, is_last: bool) -> Judgement | None:
        """Return ``ok`` if the interval at this level excludes a loss as large as the tolerance.

        Before the last look, a gain that shows beyond the tolerance is left open: it may be
        ``improved``.
        """
        assert self.mean is not None
        low, _ = self.mean.interval(level)
        gains = self.mean.value > self.least and low > 0 and not is_last
        if gains or low <= -self.least or may_have_more_slow(self.rounds):
            return None
        estimate = self.mean.estimate(self.metric, level)
        return self.judgement(Verdict.OK, self._with_remarks(self._found(estimate)), estimate)

    def open(self, level: float) -> Judgement:
        """Return ``inconclusive``, with what is known at this level."""
        assert self.mean is not None
        low, high = self.mean.interval(level)
        estimate = self.mean.estimate(self.metric, level)
        within, beyond = low > -self.least, high < -self.least
        if beyond:
            then = f"probably beyond the tolerance of {self._allowed}, but that is not sure enough"
        elif within:
            then = f"so far within the tolerance of {self._allowed}"
            if may_have_more_slow(self.rounds):
                then += ", but head may have more slow responses"
        else:
            first, last = sorted((self._ratio(low), self._ratio(high)))
            then = (
                f"the change may be anything from {format_change(first)} to {format_change(last)},"
                f" so it may be within the tolerance of {self._allowed} or beyond it"
            )
        reason = self._with_remarks(f"{self._found(estimate)}; {then}")
        return self.judgement(Verdict.INCONCLUSIVE, reason, estimate)

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

    @property
    def _allowed(self) -> str:
        return format_share(self.tolerance)

    def _found(self, estimate: Estimate) -> str:
        return f"{METRIC_NAMES[self.metric]} {estimate}"

    def _ratio(self, value: float) -> float:
        """Return head's figure over base's for a log ratio, of which negative is worse."""
        return exp(value if self.metric is Metric.RPS else -value)

    def _with_remarks(self, reason: str) -> str:
        return "; ".join(filter(None, (reason, self._machine(), self._left_out())))

    def _machine(self) -> str:
        """Return what was taken off for the machine's speed; nothing if that is below a percent."""
        percent = round(100 * (exp(self.sample.machine_shift) - 1))
        if not percent:
            return ""
        way = "faster" if percent > 0 else "slower"
        return f"{abs(percent)}% is allowed for, since the machine was {way} for head"

    def _left_out(self) -> str:
        """Return the number of rounds left out with the reasons; nothing if there are none."""
        reasons = [
            *self.discarded,
            ("errors", self.sample.with_errors),
            (f"no {METRIC_NAMES[self.metric]}", self.sample.without_figure),
        ]
        number = sum(count for _, count in reasons)
        if not number:
            return ""
        listed = ", ".join(f"{reason} ({count})" for reason, count in reasons if count)
        return f"{number} of {counted(len(self.rounds), 'round')} left out: {listed}"
