"""The CPU time of a tree of processes, between two looks at those that are alive.

A process that ends takes what it used out of sight, and its parent, which waits for it, gets that
added to its children's time (wait4(2), ``cutime`` and ``cstime`` of proc_pid_stat(5)). So nothing
is lost where parents wait, however short a child lives; and nothing counts twice if what was
known of one that is gone is taken off again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CpuTime:
    """The CPU seconds that a process has used up to a look, user and system."""

    own_s: float
    """By itself."""
    waited_s: float
    """By those below it that have ended and were waited for."""

    @property
    def all_s(self) -> float:
        """Both."""
        return self.own_s + self.waited_s


CpuSnapshot = Mapping[int, CpuTime]
"""The processes of a tree at one look, by id."""


def cpu_time_between(before: CpuSnapshot, after: CpuSnapshot) -> float:
    """The CPU seconds that a tree used between two looks.

    Exact where all that ended was waited for. Of children that nobody waited for (their parent
    ignores SIGCHLD) what they used after the first look is missing.
    """
    survivors = before.keys() & after.keys()
    own_s = sum(after[pid].own_s - before[pid].own_s for pid in survivors)
    new_s = sum(used.all_s for pid, used in after.items() if pid not in survivors)
    waited_s = sum(after[pid].waited_s - before[pid].waited_s for pid in survivors)
    known_s = sum(used.all_s for pid, used in before.items() if pid not in survivors)
    return own_s + new_s + max(0.0, waited_s - known_s)
