"""Waits with a time limit, by a clock that goes on when tests stop time."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable

from pytest_djworkers.system.clock import CLOCK

_SHORTEST_PAUSE_S = 0.0005
_LONGEST_PAUSE_S = 0.02


def true_within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Check a condition again and again until it is true; return False if it isn't in time."""
    deadline = CLOCK.monotonic() + seconds
    # Short pauses first, for what is nearly done, and longer ones later, which cost less.
    pause_s = _SHORTEST_PAUSE_S
    while not condition():
        if (left := deadline - CLOCK.monotonic()) <= 0:
            return False
        CLOCK.sleep(min(pause_s, left))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return True


def ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a process to end, and collect it; return False if it doesn't in time."""
    return true_within(seconds, lambda: process.poll() is not None)


def written_within(descriptor: int, data: bytes | bytearray, seconds: float) -> bool:
    """Write all data to a pipe; return False if it isn't read in time. Raises OSError."""
    # A pipe holds 64 KiB: a reader that hangs would block a plain write without end.
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
