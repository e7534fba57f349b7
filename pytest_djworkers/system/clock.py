"""The clocks, as the system has them: tests that freeze or move time leave them alone.

freezegun replaces the functions of ``time`` wherever a module names them, and time-machine changes
what the real ones say. A wait that reads such a clock never ends, and a figure that rests on one
is wrong. All other modules take their clocks from here; a rule of the linter sees to that.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_REALTIME_COARSE = 5
"""CLOCK_REALTIME_COARSE of Linux (clock_gettime(2)): time-machine moves CLOCK_REALTIME alone."""
_OF_PROCESS = 2
"""CPUCLOCK_SCHED of the kernel's include/linux/posix-timers.h: user and system time."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads clocks by functions that it keeps: freezegun looks for those that modules have."""

    _read: Callable[[int], float] = time.clock_gettime
    _read_ns: Callable[[int], int] = time.clock_gettime_ns
    _of_day: int = field(
        default=_REALTIME_COARSE if sys.platform == "linux" else time.CLOCK_REALTIME
    )
    sleep: Callable[[float], None] = time.sleep
    """Sleep for so many seconds."""

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps; those of ``time.monotonic``."""
        return self._read(time.CLOCK_MONOTONIC)

    def monotonic_ns(self) -> int:
        """The same in nanoseconds."""
        return self._read_ns(time.CLOCK_MONOTONIC)

    def unix(self) -> float:
        """Unix time in seconds, to a tick of the kernel's (4 ms and less)."""
        return self._read(self._of_day)

    def cpu_of_process(self, pid: int) -> float:
        """The CPU seconds that a process has used, to the microsecond (clock_getcpuclockid(3)).

        Raises OSError for one that is gone, and where the system has no such clock.
        """
        return self._read((~pid << 3) | _OF_PROCESS)


CLOCK = Clock()
"""The clocks of this process."""
