"""The time in which a generator was stopped: by a signal, a freezer, its virtual machine's host."""

from __future__ import annotations

LEAST_STOP_NS = 50_000_000
"""What is shorter is no stop, but a process that waits for a CPU on a busy machine."""


class Stops:
    """One agent's, seen by how late its timers are. Times are nanoseconds.

    A timer is late as well where the agent was busy: its own CPU time is taken off.
    """

    def __init__(self, cpu_ns: int) -> None:
        self._cpu_ns = cpu_ns
        self.total_ns = 0

    def woke(self, late_ns: int, cpu_ns: int) -> None:
        """A timer came so late; ``cpu_ns`` is the CPU time that the agent has used up to now."""
        lost_ns = late_ns - (cpu_ns - self._cpu_ns)
        self._cpu_ns = cpu_ns
        if lost_ns >= LEAST_STOP_NS:
            self.total_ns += lost_ns
