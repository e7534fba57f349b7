"""The figures of a window that are compared, from an agent's report."""

from __future__ import annotations

from pytest_djworkers.compare.arm_server import Fired
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.verdict.rounds import Window


def window_of(fired: Fired, slow_s: float) -> Window:
    """Return the figures of a window that are compared.

    A response is slow if it takes longer than ``slow_s`` seconds.
    """
    report = fired.report
    ended = report.ok + report.late + report.unexpected + report.error
    return Window(
        responses=report.ok + report.late - report.after_window,
        window_s=report.window_s,
        errors=report.unexpected + report.error,
        timeouts=report.late + report.unanswered,
        judged=ended + report.unanswered,
        p95_s=Latency(tuple((value, count) for value, count in report.latency)).nearest_rank(95),
        cpu_per_request_s=_cpu_per_request(fired),
        slow=sum(count for value, count in report.latency if value > slow_s * 1e6),
        lost_worker=fired.lost_worker,
        body_bytes=mean_size(report.sizes),
        machine_speed=report.machine_speed,
    )


def mean_size(sizes: list[tuple[int, int]]) -> float | None:
    """Return the mean of pairs of bytes and counts; None without any."""
    number = sum(count for _, count in sizes)
    return sum(size * count for size, count in sizes) / number if number else None


def _cpu_per_request(fired: Fired) -> float | None:
    # The CPU time is that of all requests sent in the window, so all of them divide it, whenever
    # they ended. One without a response has used some, too; nobody knows how much.
    report = fired.report
    sent = report.ok + report.late + report.unexpected + report.error + report.unanswered
    return None if fired.cpu_s is None or not sent else fired.cpu_s / sent
