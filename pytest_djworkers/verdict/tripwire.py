"""The rule against a stored baseline: pure functions, no clock, no I/O.

A stored baseline is a tripwire: figures of one session differ from those of the next by a bias
that no number of bursts averages out (on shared machines 10 % and more), so a loss beyond the
tolerance is a warning, and only a gross one fails a test that did not ask for more. No floor in
absolute figures decides: what is too small to matter is said by the tolerance alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_djworkers.units import before_and_after, format_share
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.burst_figures import NO_DOUBTS, Doubts, Figures
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.least_change import LEAST_CHANGE_ERRORS
from pytest_djworkers.verdict.rounds import METRIC_NAMES, Metric
from pytest_djworkers.verdict.stored_figure import (
    CPU,
    GROSS_FACTOR,
    P95,
    SPEED,
    Bounds,
    Change,
    Finding,
    Kind,
    judge_figure,
    limit_in_words,
)

NO_LIMITS: Mapping[Metric, float] = {}


def compare_with_stored(
    new: Figures,
    stored: Sequence[Figures],
    *,
    tolerance: float,
    max_regressions: Mapping[Metric, float] = NO_LIMITS,
    doubts: Doubts = NO_DOUBTS,
) -> BaselineVerdict:
    """Compare a burst with the stored sessions, oldest first; there must be one.

    The last one is the one that users accepted by saving it; the others only predict. The
    tolerance is a fraction of the requests/s and of the CPU time per request, each limit a fraction
    of its figure; the one on errors is the largest growth of their share.
    """
    findings = list(_findings(new, stored, tolerance, max_regressions, doubts))
    reasons = [*(finding.text for finding in findings if finding.text), *doubts.all]
    fails = any(finding.fails for finding in findings)
    if max_regressions and doubts.overstated and not fails:
        reasons[-1] += ", so max_regression can't pass"
        fails = True
    verdict = _verdict({finding.change for finding in findings}, doubts)
    accepted = stored[-1].rps
    is_compared = verdict is not Verdict.NOT_COMPARED and accepted
    return BaselineVerdict(
        verdict,
        "; ".join(reasons),
        fails=fails,
        ratio=new.rps / accepted if is_compared else None,
    )


def figures_in_words(new: Figures, accepted: Figures) -> str:
    """Return requests/s and, where known, CPU per request before and now, without a verdict."""
    return "; ".join(
        kind.changed(before, now)
        for kind in (SPEED, CPU)
        if (before := kind.of(accepted)) and (now := kind.of(new)) is not None
    )


def _verdict(changes: set[Change], doubts: Doubts) -> Verdict:
    if Change.WORSE in changes or doubts.faults:
        return Verdict.REGRESSED
    if Change.UNKNOWN in changes or doubts.overstated:
        return Verdict.NOT_COMPARED
    return Verdict.IMPROVED if Change.BETTER in changes else Verdict.OK


def _findings(
    new: Figures,
    stored: Sequence[Figures],
    tolerance: float,
    limits: Mapping[Metric, float],
    doubts: Doubts,
) -> Iterator[Finding]:
    believes_loss = not doubts.understated

    def judge(kind: Kind, *, believes_loss: bool) -> Finding:
        bounds = Bounds(tolerance, limits.get(kind.metric), believes_loss)
        return judge_figure(kind, new, stored, bounds)

    yield judge(SPEED, believes_loss=believes_loss)
    # The server's CPU time is its own, whatever the generator does.
    yield judge(CPU, believes_loss=True)
    if Metric.P95 in limits:
        yield judge(P95, believes_loss=believes_loss)
    if (limit := limits.get(Metric.CALLS)) is not None:
        yield _no_calls(limit)
    accepted = stored[-1]
    is_gross = GROSS_FACTOR * new.good_share < accepted.good_share
    shares = (accepted.error_share, new.error_share)
    yield _more("errors", *shares, limits.get(Metric.ERRORS), is_gross, fails=bool(limits))
    if believes_loss:
        shares = (accepted.timeout_share, new.timeout_share)
        yield _more("timeouts", *shares, None, is_gross)


def _no_calls(limit: float) -> Finding:
    """Return the finding on the calls that a baseline doesn't store."""
    name, said = METRIC_NAMES[Metric.CALLS], limit_in_words(Metric.CALLS, limit)
    text = f"{name}: a baseline has none, so {said} can't pass: compare with a revision"
    return Finding(f"{text} (--djworkers-compare)", Change.UNKNOWN, fails=True)


def _more(
    name: str,
    before: float,
    now: float,
    limit: float | None,
    is_gross: bool,
    *,
    fails: bool = False,
) -> Finding:
    """Return the finding on a share of requests that went wrong."""
    if now <= before + (LEAST_CHANGE_ERRORS if limit is None else limit):
        return Finding("")
    text = f"{name} {before_and_after(format_share(before), format_share(now))}"
    if limit is not None:
        text += f", limit {limit_in_words(Metric.ERRORS, limit)}"
    elif is_gross:
        text += ", less than half as many requests go well"
    return Finding(text, Change.WORSE, fails=fails or is_gross)
