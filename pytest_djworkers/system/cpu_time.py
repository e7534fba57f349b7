"""The CPU time that a tree of processes used between two snapshots of those that are alive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CpuTime:
    """The CPU seconds that a process has used up to a snapshot, in user and in system mode."""

    own_s: float
    """Used by the process itself."""
    waited_s: float
    """Used by its descendants that have ended and whose parents waited for them."""

    @property
    def all_s(self) -> float:
        """Both together."""
        return self.own_s + self.waited_s


CpuSnapshot = Mapping[int, CpuTime]
"""The CPU time of each process of a tree at one moment, by process id."""


def cpu_time_between(before: CpuSnapshot, after: CpuSnapshot) -> float:
    """Return the CPU seconds that a tree of processes used between two snapshots.

    Exact if every process that ended was waited for. If a parent ignores SIGCHLD, the time that its
    children used after the first snapshot is missing.
    """
    # A process that ends takes its time out of sight, but its parent, which waits for it, gets that
    # added to its children's time (wait4(2); cutime and cstime of proc_pid_stat(5)). So nothing is
    # lost, however short a child lives. The time of a process that was in the first snapshot and
    # has ended since is in its parent's time as a whole, and what it had used by the first snapshot
    # is subtracted again. It may not have been waited for yet: hence the maximum with 0.
    survivors = before.keys() & after.keys()
    own_s = sum(after[pid].own_s - before[pid].own_s for pid in survivors)
    new_s = sum(used.all_s for pid, used in after.items() if pid not in survivors)
    waited_s = sum(after[pid].waited_s - before[pid].waited_s for pid in survivors)
    known_s = sum(used.all_s for pid, used in before.items() if pid not in survivors)
    return own_s + new_s + max(0.0, waited_s - known_s)
