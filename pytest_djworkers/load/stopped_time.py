"""The time in which a generator was stopped: by a signal, a freezer, its virtual machine's host."""

from __future__ import annotations

MOST_UNCOUNTED = 2
"""What the kernel does for a thread in interrupts, much of what sending takes, is in none of its
times where it counts those apart (CONFIG_IRQ_TIME_ACCOUNTING): it may be so many times what is."""
LEAST_STOP_NS = 50_000_000
"""What is shorter is no stop that matters, and may be the timer's own."""


class StoppedTime:
    """One agent's, seen by how late its timers are. Times are nanoseconds.

    A timer is late as well where the agent was busy, or waited for a CPU that somebody else had:
    that time, which the scheduler counts, is taken off. Enough of it is ``generator-bound``.
    """

    def __init__(self, scheduled_ns: int) -> None:
        self._scheduled_ns = scheduled_ns
        self.total_ns = 0

    def woke(self, late_ns: int, scheduled_ns: int) -> None:
        """A timer came so late, and up to now the agent has run or waited for a CPU for so long."""
        busy_ns = scheduled_ns - self._scheduled_ns
        self._scheduled_ns = scheduled_ns
        lost_ns = late_ns - busy_ns
        if lost_ns >= max(LEAST_STOP_NS, MOST_UNCOUNTED * busy_ns):
            self.total_ns += lost_ns
