"""The lines on a comparison: a verdict with its reason, and the figures behind it.

The failure of a test, the notes below the table, Markdown and JUnit's properties all say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_djworkers.compare.result import ArmComparison, ArmFigures
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.units import (
    before_and_after,
    format_change,
    format_duration,
    format_rate,
    format_size,
)
from pytest_djworkers.verdict.call_counts import calls_in_words
from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric

_MUCH = 1.5
"""The factor from which on the latencies of the arms differ enough to be worth a line's room."""
_TAILS = (99.0, 95.0, 90.0)
"""The percentiles that say something of the tail. The highest that both arms have is taken."""
_ARM = re.compile(r"\b(?P<arm>base|head)\b")
# A backend hasn't become better or worse, but is slower or faster than another one.
_WORSE = {
    Metric.RPS: "slower",
    Metric.P95: "slower",
    Metric.CPU_PER_REQUEST: "dearer",
    Metric.ERRORS: "more errors",
    Metric.CALLS: "more calls",
}
_BETTER = {
    Metric.RPS: "faster",
    Metric.P95: "faster",
    Metric.CPU_PER_REQUEST: "cheaper",
    Metric.ERRORS: "fewer errors",
    Metric.CALLS: "fewer calls",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict of a comparison, on one figure or on all of them."""

    verdict: Verdict
    word: str
    """The verdict as people read it: a word of its own if backends are compared."""
    reason: str
    judgement: Judgement | None = None
    """None if nothing could be compared."""


def findings(compared: ArmComparison) -> list[Finding]:
    """Return the verdict on each figure, requests/s first, or why nothing could be compared."""
    found = []
    if compared.not_compared:
        verdict = Verdict.NOT_COMPARED
        found.append(Finding(verdict, verdict.value, with_names(compared, compared.not_compared)))
    # Errors and slow responses decide for every figure, and are said once.
    different: dict[tuple[Verdict, str], Judgement] = {}
    for judgement in compared.judgements:
        different.setdefault((judgement.verdict, judgement.reason), judgement)
    return found + [
        Finding(one.verdict, _word(compared, one), with_names(compared, one.reason), one)
        for one in different.values()
    ]


def word_of_all(compared: ArmComparison) -> str:
    """Return the word for the worst verdict of all figures; empty for a calibration."""
    worst = compared.verdict
    if worst is None:
        return ""
    return next((one.word for one in findings(compared) if one.verdict is worst), worst.value)


def judgement_of_speed(compared: ArmComparison) -> Judgement | None:
    """Return the judgement on requests/s; None if they were not compared."""
    # Errors come first: then they are the figure that was judged, and there is no estimate.
    speed = (one for one in compared.judgements if one.metric is Metric.RPS)
    return next(speed, None)


def estimate_of_speed(compared: ArmComparison) -> Estimate | None:
    """Return the estimate of requests/s; None if they were not compared."""
    judgement = judgement_of_speed(compared)
    return None if judgement is None else judgement.estimate


def lines(compared: ArmComparison, found: Sequence[Finding], about: str = "") -> list[str]:
    """Return a line for each of these findings; ``about`` follows the verdict.

    Each says if the responses differ, since a comparison of different work means little. The
    first one has the figures of both arms, whatever decided.
    """
    return [
        "; ".join(
            filter(
                None,
                (
                    ": ".join(filter(None, (one.word, about, one.reason))),
                    figures_in_words(compared, one.judgement) if not number else "",
                    compared.responses_differ,
                    _ended_early(compared, one),
                ),
            )
        )
        for number, one in enumerate(found)
    ]


def figures_in_words(compared: ArmComparison, judgement: Judgement | None = None) -> str:
    """Return the figures of base and head: ``requests/s 2,010 → 1,300 (-35.3%), ...``.

    The change is left out if the judgement's own estimate says it. Empty if nothing was measured.
    """
    if compared.figures is None:
        return ""
    base, head = compared.figures
    estimated = judgement is not None and judgement.estimate and judgement.metric is Metric.RPS
    parts = [
        _speeds(base, head, with_change=not estimated),
        _times("CPU per request", base.cpu_per_request_s, head.cpu_per_request_s),
        "" if compared.latencies is None else _tails(*compared.latencies),
        *_counts(compared),
    ]
    return ", ".join(filter(None, parts))


def _counts(compared: ArmComparison) -> Iterator[str]:
    """Yield the counts of both arms, if they are known and no judgement says them."""
    if compared.counts is None:
        return
    base, head = compared.counts
    if all(one.metric is not Metric.CALLS for one in compared.judgements):
        yield calls_in_words(base.calls, head.calls)
    if base.memory is not None and head.memory is not None:
        memory = before_and_after(format_size(base.memory.median), format_size(head.memory.median))
        yield f"memory per request {memory}"


def _speeds(base: ArmFigures, head: ArmFigures, *, with_change: bool) -> str:
    change = f" ({format_change(head.rps / base.rps)})" if with_change and base.rps else ""
    both = before_and_after(format_rate(base.rps), format_rate(head.rps))
    return f"requests/s {both}{change}"


def _tails(base: Latency, head: Latency) -> str:
    """Return the tail of both arms' latency if it differs much, else an empty text."""
    for percent in _TAILS:
        old, new = base.percentile(percent), head.percentile(percent)
        if old and new:
            differs = max(old, new) >= _MUCH * min(old, new)
            return _times(f"p{percent:g}", old, new) if differs else ""
    return ""


def _times(name: str, base: float | None, head: float | None) -> str:
    if base is None or head is None:
        return ""
    return f"{name} {before_and_after(format_duration(base), format_duration(head))}"


def _ended_early(compared: ArmComparison, found: Finding) -> str:
    """Return that the comparison ended early, and why, unless the reason says so itself."""
    why = compared.ended_early
    return "" if not why or why in found.reason else why


def _word(compared: ArmComparison, judgement: Judgement) -> str:
    """Return the word for a verdict: its own, or for backends one such as ``slower``."""
    verdict, metric = judgement.verdict, judgement.metric
    if not compared.of_backends or verdict is Verdict.NOT_COMPARED:
        return verdict.value
    if verdict is Verdict.REGRESSED:
        return _WORSE[metric]
    if verdict is Verdict.IMPROVED:
        return _BETTER[metric]
    # An interval that excludes no change is not enough: a comparison has many looks, and only the
    # rule's own conditions make up for them.
    return "alike" if verdict is Verdict.OK else verdict.value


def with_names(compared: ArmComparison, text: str) -> str:
    """Return a text with the backends' names: the rule, for one, knows of base and head alone."""
    if not compared.of_backends:
        return text
    names = dict(zip(("base", "head"), compared.labels, strict=True))
    return _ARM.sub(lambda found: names[found["arm"]], text)
