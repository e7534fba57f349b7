"""What a process is doing, and a thread has done, as the kernel says it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_SCHEDSTAT = Path("/proc/thread-self/schedstat")
_STOPPED = frozenset(b"TtD")
"""Stopped by a signal or a tracer, or, which a freezer's are, in a sleep that nothing ends
(proc_pid_stat(5))."""


def scheduled_ns() -> int | None:
    """For how long this thread has run or waited for a CPU, in nanoseconds; None where the system
    does not tell (Documentation/scheduler/sched-stats.rst of Linux)."""
    with suppress(OSError, ValueError):
        ran, waited, _ = _SCHEDSTAT.read_bytes().split()
        return int(ran) + int(waited)
    return None


def is_stopped(pid: int) -> bool:
    """Whether the main thread of a process that only sleeps and runs is stopped now; False where
    the system does not tell."""
    try:
        # The command name, in parentheses, may hold anything.
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return False
    return bool(state) and state[0] in _STOPPED
