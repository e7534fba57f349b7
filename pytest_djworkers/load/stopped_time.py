"""The time for which an agent was stopped: by a signal, a freezer, or the host of its machine."""

from __future__ import annotations

MOST_UNCOUNTED = 2
"""The largest ratio of an agent's uncounted CPU time to its counted one.

Linux may count interrupts apart from the thread in which they happen, which is much of what sending
takes (CONFIG_IRQ_TIME_ACCOUNTING)."""
LEAST_STOP_NS = 50_000_000
"""A shorter stop does not matter, and may be the timer's own lateness."""


class StoppedTime:
    """Adds up the stops of one agent, which sees them by how late its timers are.

    Times are nanoseconds.
    """

    def __init__(self, scheduled_ns: int) -> None:
        self._scheduled_ns = scheduled_ns
        self.total_ns = 0

    def woke(self, late_ns: int, scheduled_ns: int) -> None:
        """Note a timer that came late.

        ``scheduled_ns`` is the time for which the agent has run or waited for a CPU until now.
        """
        # A timer is late as well if the agent was busy, or had to wait for a CPU. The scheduler
        # counts that time, and it is taken off: enough of it makes a burst generator-bound.
        busy_ns = scheduled_ns - self._scheduled_ns
        self._scheduled_ns = scheduled_ns
        lost_ns = late_ns - busy_ns
        if lost_ns >= max(LEAST_STOP_NS, MOST_UNCOUNTED * busy_ns):
            self.total_ns += lost_ns
