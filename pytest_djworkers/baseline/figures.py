"""The figures of what is stored, as the table shows them beside those of a new burst."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.baseline.document import StoredBurst, StoredSession, StoredWindow
from pytest_djworkers.baseline.encoding import decode_latency
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.load.histogram import Latency


@dataclass(frozen=True, slots=True)
class StoredFigures:
    """The figures of a stored session; latencies in seconds."""

    rps: float
    p50: float | None
    p99: float | None
    timeouts: int
    errors: int
    saved: str
    """The time of its run, in ISO 8601; empty for what was imported."""
    remark: str = ""
    """A remark that a reader must know before comparing them, in words."""
    mean: float | None = None
    cpu_per_request_s: float | None = None
    """The server's CPU seconds per response; None if that is not known, as for an import."""


def last_figures(stored: StoredBurst) -> StoredFigures:
    """Return the figures of the last session. Raises ValueError if its histogram is broken."""
    return session_figures(stored.sessions[-1])


def session_figures(session: StoredSession) -> StoredFigures:
    """Return the figures of a session. Raises ValueError if its histogram is broken."""
    # A session of today has one window; percentiles of several can't be averaged, so the last one
    # stands for all.
    last = session.windows[-1]
    latency = latency_of(last)
    return StoredFigures(
        rps=requests_per_s(session),
        p50=latency.p50 if latency else None,
        p99=latency.p99 if latency else None,
        timeouts=last.late + (last.unanswered or 0),
        errors=last.unexpected + last.error,
        saved=session.saved,
        mean=latency.mean if latency else None,
        cpu_per_request_s=cpu_per_request_s(session),
    )


def imported_figures(imported: Imported) -> StoredFigures:
    """Return the figures of a run of wrk's, without latencies: wrk prints corrected ones only."""
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


def requests_per_s(session: StoredSession) -> float:
    """Return the expected responses per second, late ones included, of all windows."""
    responses = sum(window.ok + window.late for window in session.windows)
    return responses / sum(window.window_s for window in session.windows)


def cpu_per_request_s(session: StoredSession) -> float | None:
    """Return the server's CPU seconds per response of all windows; None if that is not known."""
    responses = sum(window.ok + window.late + window.unexpected for window in session.windows)
    usages = [window.usage for window in session.windows]
    if not responses or None in usages:
        return None
    return sum(usage.cpu_s for usage in usages if usage is not None) / responses


def latency_of(window: StoredWindow) -> Latency | None:
    """Return a window's histogram; None if it has none. Raises ValueError if it is broken."""
    return decode_latency(window.latency) if window.latency else None
