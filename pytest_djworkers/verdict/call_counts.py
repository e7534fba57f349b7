"""The rule for the Python calls of two arms: pure functions, no clock, no I/O.

The same code calls the same functions in every run, so one launch of each arm is enough: only the
spread between requests can hide a change.
"""

from __future__ import annotations

from typing import Protocol

from pytest_djworkers.units import before_and_after, format_change, format_share
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import METRIC_NAMES, Metric


class Counted(Protocol):
    """The number of calls in several requests of one arm."""

    @property
    def median(self) -> float:
        """The number in a usual request."""

    @property
    def low(self) -> float:
        """The smallest number, but for a few requests."""

    @property
    def high(self) -> float:
        """The largest number, but for a few requests."""

    @property
    def requests(self) -> int:
        """The number of requests."""


def judge_calls(base: Counted, head: Counted, tolerance: float) -> Judgement:
    """Judge head's calls per request by those of base; the tolerance is a fraction of these.

    A change counts if the spreads of the requests do not overlap.
    """
    if not base.low or not head.low:
        return calls_not_compared("a request called no function at all")
    change, least = head.median - base.median, tolerance * base.median
    apart = head.low > base.high or head.high < base.low
    reason = f"{calls_in_words(base, head)}, {_requests(base, head)}"
    allowed = f"the tolerance of {format_share(tolerance)}"
    if abs(change) > least and apart:
        if change < 0:
            return _judgement(Verdict.IMPROVED, reason)
        return _judgement(Verdict.REGRESSED, f"{reason}, beyond {allowed}")
    if head.high - base.low <= tolerance * base.low:
        return _judgement(Verdict.OK, reason)
    return _judgement(
        Verdict.INCONCLUSIVE, f"{reason}: a change as large as {allowed} can't be told from chance"
    )


def calls_not_compared(why: str) -> Judgement:
    """Return the judgement of calls that are not known."""
    reason = f"{METRIC_NAMES[Metric.CALLS]}: {why}"
    return _judgement(Verdict.NOT_COMPARED, reason, without_figure=1)


def calls_in_words(base: Counted, head: Counted) -> str:
    """Return the calls of both arms, with the change: ``Python calls per request 9 → 8 (-11%)``."""
    before, now = (_spread(one) for one in (base, head))
    change = format_change(head.median / base.median)
    return f"{METRIC_NAMES[Metric.CALLS]} {before_and_after(before, now)} ({change})"


def _judgement(verdict: Verdict, reason: str, *, without_figure: int = 0) -> Judgement:
    return Judgement(
        verdict,
        Metric.CALLS,
        reason,
        estimate=None,
        blocks=0,
        rounds=0,
        with_errors=0,
        without_figure=without_figure,
        discarded=(),
    )


def _spread(one: Counted) -> str:
    """Return a number of calls, with its spread if there is one."""
    if one.low == one.high:
        return f"{one.median:,.6g}"
    return f"{one.median:,.6g} ({one.low:,.6g} to {one.high:,.6g})"


def _requests(base: Counted, head: Counted) -> str:
    number = min(base.requests, head.requests)
    return f"counted in {number} requests of each arm"
