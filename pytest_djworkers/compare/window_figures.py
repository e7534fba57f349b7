"""The figures of a window that are compared, from an agent's report."""

from __future__ import annotations

from pytest_djworkers.compare.arm_server import Fired
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.pairs import mean_of
from pytest_djworkers.verdict.rounds import Window


def window_of(fired: Fired, slow_s: float) -> Window:
    """Return the figures of a window that are compared.

    A response is slow if it takes longer than ``slow_s`` seconds.
    """
    report, counts = fired.report, fired.report.counts
    ended = counts.ok + counts.late + counts.unexpected + counts.error
    return Window(
        responses=counts.ok + counts.late - counts.after_window,
        window_s=report.window_s,
        errors=counts.unexpected + counts.error,
        timeouts=counts.late + counts.unanswered,
        judged=ended + counts.unanswered,
        p95_s=Latency(tuple((value, count) for value, count in counts.latency)).nearest_rank(95),
        cpu_per_request_s=_cpu_per_request(fired),
        slow=sum(count for value, count in counts.latency if value > slow_s * 1e6),
        lost_worker=fired.lost_worker,
        body_bytes=mean_of(counts.sizes),
        machine_speed=report.machine_speed,
    )


def _cpu_per_request(fired: Fired) -> float | None:
    # The CPU time is that of all requests sent in the window, so all of them divide it, whenever
    # they ended. One without a response has used some, too; nobody knows how much.
    counts = fired.report.counts
    sent = counts.ok + counts.late + counts.unexpected + counts.error + counts.unanswered
    return None if fired.cpu_s is None or not sent else fired.cpu_s / sent
