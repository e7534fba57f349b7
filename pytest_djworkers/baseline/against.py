"""A burst against the stored baseline: its verdict, and the figures to show beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pytest_djworkers.baseline.conditions import conditions_of, first_difference
from pytest_djworkers.baseline.document import StoredBurst, StoredSession
from pytest_djworkers.baseline.doubts import cpu_doubt, doubts_of
from pytest_djworkers.baseline.figures import (
    StoredFigures,
    cpu_per_request_s,
    imported_figures,
    last_figures,
    latency_of,
    requests_per_s,
)
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.machine import differing_machine
from pytest_djworkers.baseline.session import changed_versions, versions_of
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict, not_compared
from pytest_djworkers.verdict.burst_figures import Figures
from pytest_djworkers.verdict.rounds import Metric
from pytest_djworkers.verdict.tripwire import NO_LIMITS, compare_with_stored, figures_in_words


def compare_with_baseline(
    result: BurstResult,
    stored: StoredBurst,
    *,
    tolerance: float,
    max_regressions: Mapping[Metric, float] = NO_LIMITS,
) -> BaselineVerdict:
    """Return the verdict of a burst against what is stored of it.

    ``tolerance`` and the limits are fractions, as ``compare_with_stored`` takes them.
    """
    figures = _figures_of(result)
    sessions = [
        *map(_stored_figures, stored.sessions[:-1]),
        _accepted_figures(stored.sessions[-1]),
    ]
    # What can't be compared at all; all else is judged. From the run to the burst: the first
    # reason is the one to mend.
    incomparable = result.missing_agents or first_difference(
        stored.conditions, conditions_of(result)
    )
    if incomparable:
        return not_compared(f"{incomparable}; {figures_in_words(figures, sessions[-1])}")
    verdict = compare_with_stored(
        figures,
        sessions,
        tolerance=tolerance,
        max_regressions=max_regressions,
        doubts=doubts_of(result),
    )
    if changed := changed_versions(stored.sessions[-1], versions_of(result)):
        return replace(verdict, reason=f"{verdict.reason}; {changed}")
    return verdict


def why_no_baseline(baseline: Baseline, key: str, result: BurstResult) -> str:
    """Return why nothing is stored that a burst could be compared with, in words."""
    # The most likely mistake first: the baseline is there, and was saved on another machine.
    machines = [machine for machine, keys in baseline.elsewhere.items() if key in keys]
    if machines:
        which = "another machine" if len(machines) == 1 else f"{len(machines)} other machines"
        return f"stored on {which} only: {differing_machine(machines[0], baseline.machine)}"
    if _imported_of(baseline, result):
        return "imported from wrk's printed output: no windows"
    return "nothing stored for this test on this machine"


def figures_beside(baseline: Baseline, key: str, result: BurstResult) -> StoredFigures | None:
    """Return the figures to show beside a burst: its last session, or else an import of it."""
    if stored := baseline.bursts.get(key):
        changed = changed_versions(stored.sessions[-1], versions_of(result))
        return replace(last_figures(stored), remark=changed)
    imported = _imported_of(baseline, result)
    return None if imported is None else imported_figures(imported)


def _imported_of(baseline: Baseline, result: BurstResult) -> Imported | None:
    """Return the first run under headings that name the backend, else under any other."""
    request = result.profile.request
    backend = result.server.backend if result.server else None
    found = [imported for imported in baseline.imported if imported.is_of(request.path, backend)]
    return min(found, key=lambda imported: imported.backend is None, default=None)


def _figures_of(result: BurstResult) -> Figures:
    usage = result.usage
    return Figures(
        result.rps,
        result.errors / result.judged if result.judged else 0.0,
        result.timeouts / result.judged if result.judged else 0.0,
        result.latency.p95 if result.latency else None,
        result.cpu_per_request_s,
        cpu_doubt=cpu_doubt(usage) if usage else "",
    )


def _stored_figures(session: StoredSession) -> Figures:
    """Return the figures of a session without its latency: the older ones need not be decoded."""
    windows = session.windows
    errors = sum(window.unexpected + window.error for window in windows)
    timeouts = sum(window.late + (window.unanswered or 0) for window in windows)
    judged = errors + timeouts + sum(window.ok for window in windows)
    doubts = [cpu_doubt(window.usage) for window in windows if window.usage]
    return Figures(
        requests_per_s(session),
        errors / judged if judged else 0.0,
        timeouts / judged if judged else 0.0,
        cpu_per_request_s=cpu_per_request_s(session),
        cpu_doubt=next(filter(None, doubts), ""),
    )


def _accepted_figures(session: StoredSession) -> Figures:
    """Return the figures of the session to beat, its latency included."""
    latency = latency_of(session.windows[-1])
    return replace(_stored_figures(session), p95_s=latency.p95 if latency else None)
