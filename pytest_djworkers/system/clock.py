"""The clocks of the system, which keep going when tests freeze or move time.

All other modules take their clocks from here; a rule of the linter sees to that.
"""

# freezegun replaces the functions of ``time`` wherever a module names them, and time-machine
# changes what the real ones return. A wait by such a clock would never end, and a figure that rests
# on one would be wrong.

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_REALTIME_COARSE = 5
"""CLOCK_REALTIME_COARSE of Linux (clock_gettime(2)): time-machine moves only CLOCK_REALTIME."""
_TAI = 11
"""CLOCK_TAI of Linux (clock_gettime(2)): CLOCK_REALTIME plus whole seconds. Nobody moves it."""
_OF_PROCESS = 2
"""CPUCLOCK_SCHED of Linux (include/linux/posix-timers.h): user and system time together."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads the system's clocks."""

    # The functions are kept in an object: freezegun replaces those that are in a module.

    _read: Callable[[int], float] = time.clock_gettime
    _read_ns: Callable[[int], int] = time.clock_gettime_ns
    _of_day: int = field(
        default=_REALTIME_COARSE if sys.platform == "linux" else time.CLOCK_REALTIME
    )
    sleep: Callable[[float], None] = time.sleep
    """Sleep for a number of seconds."""

    def monotonic(self) -> float:
        """Return the seconds of a clock that never jumps, like ``time.monotonic``."""
        return self._read(time.CLOCK_MONOTONIC)

    def monotonic_ns(self) -> int:
        """Return the nanoseconds of the same clock."""
        return self._read_ns(time.CLOCK_MONOTONIC)

    def unix(self) -> float:
        """Return the Unix time in seconds, exact to a tick of the kernel (at most 4 ms)."""
        return self._read(self._of_day)

    def exact_unix(self) -> float:
        """Return the Unix time in seconds, exact to a microsecond where the system has such."""
        unix = self.unix()
        try:
            tai = self._read(_TAI)
        except OSError:
            return unix
        return tai - round(tai - unix)

    def cpu_of_process(self, pid: int) -> float:
        """Return the CPU seconds that a process has used, to the microsecond.

        Raises OSError if the process is gone, or if the system has no such clock.
        """
        # What clock_getcpuclockid(3) computes, which Python does not offer.
        return self._read((~pid << 3) | _OF_PROCESS)


CLOCK = Clock()
"""The clocks of this process."""
