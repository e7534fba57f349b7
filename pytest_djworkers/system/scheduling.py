"""The kernel's view of a thread's running time, and of a process that is stopped."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_SCHEDSTAT = Path("/proc/thread-self/schedstat")
_STOPPED = frozenset(b"TtD")
"""The states of a stopped process (proc_pid_stat(5)): by a signal (T), by a tracer (t), or in a
sleep that no signal ends (D), in which a frozen control group's processes are."""


def scheduled_ns() -> int | None:
    """Return the nanoseconds for which this thread has run or waited for a CPU; None if the system
    doesn't tell."""
    # Linux's Documentation/scheduler/sched-stats.rst: time on the CPU, time waiting, time slices.
    with suppress(OSError, ValueError):
        ran, waited, _ = _SCHEDSTAT.read_bytes().split()
        return int(ran) + int(waited)
    return None


def is_stopped(pid: int) -> bool:
    """Return True if the main thread of a process is stopped now; False if the system doesn't tell.

    Only for processes that do not wait for disks: those look stopped, too.
    """
    try:
        # The command name before the state, in parentheses, may hold anything.
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return False
    return bool(state) and state[0] in _STOPPED
