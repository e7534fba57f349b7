"""What a process is doing, as the kernel says it."""

from __future__ import annotations

from pathlib import Path

_STOPPED = frozenset(b"TtD")
"""Stopped by a signal or a tracer, or, which a freezer's are, in a sleep that nothing ends
(proc_pid_stat(5))."""


def is_stopped(pid: int) -> bool:
    """Whether the main thread of a process that only sleeps and runs is stopped now; False where
    the system does not tell."""
    try:
        # The command name, in parentheses, may hold anything.
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return False
    return bool(state) and state[0] in _STOPPED
