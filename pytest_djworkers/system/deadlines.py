"""Waits that end: by a clock of ours, which tests that stop time leave alone."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable

from pytest_djworkers.system.clock import CLOCK

_SHORTEST_PAUSE_S = 0.0005
_LONGEST_PAUSE_S = 0.02


def true_within(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Look again and again until something is so; False where it is not in that time."""
    deadline = CLOCK.monotonic() + seconds
    pause_s = _SHORTEST_PAUSE_S
    while not is_so():
        if (left := deadline - CLOCK.monotonic()) <= 0:
            return False
        CLOCK.sleep(min(pause_s, left))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return True


def ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a process's end, and collect it; False where it is there still."""
    return true_within(seconds, lambda: process.poll() is not None)


def written_within(descriptor: int, data: bytes, seconds: float) -> bool:
    """Write all of it to a pipe; False where nobody has read it in that time. Raises OSError."""
    os.set_blocking(descriptor, False)
    deadline = CLOCK.monotonic() + seconds
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    left = memoryview(data)
    while left:
        remaining_s = deadline - CLOCK.monotonic()
        if remaining_s <= 0 or not poll.poll(remaining_s * 1000):
            return False
        left = left[os.write(descriptor, left) :]
    return True
