"""Between results and stored baselines: what to store of a run, and what a stored one says."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.encoding import decode_latency
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.machine import surroundings
from pytest_djworkers.baseline.store import (
    Baseline,
    Stored,
    differing,
    differing_machine,
    window_of,
)
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.git import run_git
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict, not_compared
from pytest_djworkers.verdict.rounds import Metric
from pytest_djworkers.verdict.tripwire import NO_LIMITS, Figures, compare_with_stored

_GIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class StoredFigures:
    """The figures of the last stored session, as the table shows them beside the new ones."""

    rps: float
    p50: float | None
    p99: float | None
    timeouts: int
    errors: int
    saved: str
    """When, in ISO 8601; nothing of what was imported."""
    remark: str = ""
    """What a reader must know before comparing them, in words."""
    mean: float | None = None


def compare(
    result: BurstResult,
    stored: Stored,
    *,
    tolerance: float,
    max_regressions: Mapping[Metric, float] = NO_LIMITS,
) -> BaselineVerdict:
    """Hold a burst against what is stored of it."""
    if result.shared_run:
        return not_compared("shared run: other pytest-xdist workers ran beside it")
    if result.starved:
        can_not = "; so max_regression can't pass" if max_regressions else ""
        return replace(not_compared(f"starved{can_not}"), fails=bool(max_regressions))
    if result.generator_stopped:
        can_not = "; so max_regression can't pass" if max_regressions else ""
        reason = f"the generator was stopped for a part of the window{can_not}"
        return replace(not_compared(reason), fails=bool(max_regressions))
    if difference := differing(stored, result):
        return not_compared(difference)
    comparison = compare_with_stored(
        Figures(
            result.rps,
            result.errors / result.judged if result.judged else 0.0,
            result.latency.p95 if result.latency else None,
            result.cpu_per_request_s,
        ),
        [*map(_figures, stored.sessions[:-1]), _accepted(stored.sessions[-1])],
        tolerance=tolerance,
        max_regressions=max_regressions,
    )
    if other := _other_versions(stored.sessions[-1], result):
        return replace(comparison, reason=f"{comparison.reason}; {other}")
    return comparison


def why_nothing(baseline: Baseline, key: str, result: BurstResult) -> str:
    """Why nothing is stored that a burst could be held against, in words."""
    machines = [machine for machine, keys in baseline.elsewhere.items() if key in keys]
    if machines:
        which = "another machine" if len(machines) == 1 else f"{len(machines)} other machines"
        return f"stored on {which} only: {differing_machine(machines[0], baseline.machine)}"
    if _imported_of(baseline, result):
        return "imported from wrk's printed output: no windows"
    return "nothing stored for this test on this machine"


def figures_beside(baseline: Baseline, key: str, result: BurstResult) -> StoredFigures | None:
    """What is shown beside a burst: its last session, or else what was imported of it."""
    if stored := baseline.bursts.get(key):
        other = _other_versions(stored.sessions[-1], result)
        return replace(last_figures(stored), remark=other)
    imported = _imported_of(baseline, result)
    return None if imported is None else imported_figures(imported)


def last_figures(stored: Stored) -> StoredFigures:
    """The figures of the last session. Raises ValueError when its histogram is broken."""
    return session_figures(stored.sessions[-1])


def session_figures(session: Mapping[str, Any]) -> StoredFigures:
    """The figures of a session. Raises ValueError when its histogram is broken."""
    last = session["windows"][-1]
    latency = decode_latency(last["latency"]) if last.get("latency") else None
    return StoredFigures(
        rps=_figures(session).rps,
        p50=latency.p50 if latency else None,
        p99=latency.p99 if latency else None,
        timeouts=last["late"] + (last.get("unanswered") or 0),
        errors=last["unexpected"] + last["error"],
        saved=str(session.get("saved", "")),
        mean=latency.mean if latency else None,
    )


def imported_figures(imported: Imported) -> StoredFigures:
    """The figures of a run of wrk's; no latencies, which it prints corrected only."""
    run = imported.run
    return StoredFigures(
        rps=float(run.rps),
        p50=None,
        p99=None,
        timeouts=run.timeouts,
        errors=run.errors,
        saved="",
        remark=f"imported: {imported.key}",
    )


def changed_versions(session: Mapping[str, Any], now: Mapping[str, str]) -> str:
    """Which versions changed since a session, in words; nothing where none did."""
    then = session.get("versions", {})
    return ", ".join(
        f"{name} was {then[name]} and is {version}"
        for name, version in now.items()
        if name in then and then[name] != version
    )


def session_of(result: BurstResult, common: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of one burst; ``common`` is the same for all bursts of a run."""
    return {**common, "versions": _versions(result), "windows": [window_of(result)]}


def common_facts(root: Path) -> dict[str, Any]:
    """When and where a run was made."""
    return {
        "saved": datetime.fromtimestamp(CLOCK.unix(), UTC).isoformat(timespec="seconds"),
        "commit": _commit(root),
        "surroundings": surroundings(),
    }


def _imported_of(baseline: Baseline, result: BurstResult) -> Imported | None:
    """The first run under headings that name the backend, else under such that name none."""
    request = result.profile.request
    backend = result.server.backend if result.server else None
    found = [one for one in baseline.imported if one.is_of(request.path, backend)]
    return min(found, key=lambda one: one.backend is None, default=None)


def _figures(session: Mapping[str, Any]) -> Figures:
    windows = session["windows"]
    window_s = sum(one["window_s"] for one in windows)
    answered = sum(one["ok"] + one["late"] for one in windows)
    errors = sum(one["unexpected"] + one["error"] for one in windows)
    judged = answered + errors + sum(one.get("unanswered") or 0 for one in windows)
    return Figures(answered / window_s, errors / judged if judged else 0.0)


def _accepted(session: Mapping[str, Any]) -> Figures:
    """The figures of the session to beat: with those that only this one is asked for."""
    last = session["windows"][-1]
    latency = decode_latency(last["latency"]) if last.get("latency") else None
    usage, answers = last.get("usage"), last["ok"] + last["late"] + last["unexpected"]
    return replace(
        _figures(session),
        p95_s=latency.p95 if latency else None,
        cpu_per_request_s=usage["cpu_s"] / answers if usage and answers else None,
    )


def _versions(result: BurstResult) -> dict[str, str]:
    versions = {
        "python": platform.python_version(),
        "django": version("django"),
        "pytest-djworkers": version("pytest-djworkers"),
        result.generator.name: result.generator.version,
    }
    if result.server is not None:
        versions[result.server.backend] = result.server.version
    return versions


def _other_versions(session: Mapping[str, Any], result: BurstResult) -> str:
    return changed_versions(session, _versions(result))


def _commit(root: Path) -> str | None:
    """Return the commit, with a ``+`` if files differ from it; None without git or a commit."""
    arguments = ("describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+")
    try:
        return run_git(root, *arguments, timeout_s=_GIT_TIMEOUT_S).stdout.strip() or None
    except SettingsError:
        return None
