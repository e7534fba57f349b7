"""Tells what a thread waits for: the system call that it is in, and the call in its code."""

from __future__ import annotations

import dis
import linecache
import os
from types import CodeType, FrameType

# The numbers of system calls (arch/*/syscalls of Linux), by machine and kind.
_CALLS = {
    "x86_64": {
        "sleep": (35, 230),
        "futex": (202, 449),
        "network": (0, 1, 7, 20, 23, 42, 43, 44, 45, 46, 47, 232, 270, 271, 281, 288),
        "disk": (17, 18, 74, 75),
        "process": (61, 247),
    },
    "aarch64": {
        "sleep": (101, 115),
        "futex": (98, 449),
        "network": (22, 63, 64, 66, 72, 73, 202, 203, 206, 207, 211, 212, 242),
        "disk": (67, 68, 82, 83),
        "process": (95, 260),
    },
}
_KINDS = {
    str(number): kind
    for kind, numbers in _CALLS.get(os.uname().machine, {}).items()
    for number in numbers
}
_MOST_SHOWN = 100
_WITH = ("BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL")


def system_call(native_id: int) -> str:
    """Return the kind of system call that a thread of this process is in: ``sleep``, ``futex``,
    ``network``, ``disk`` or ``process``; empty if it runs, or if it isn't known."""
    try:
        # No Path: this is asked for each request in flight. proc_pid_syscall(5).
        with open(f"/proc/self/task/{native_id}/syscall", encoding="ascii") as file:
            return _KINDS.get(file.read(32).partition(" ")[0], "")
    except OSError:
        return ""


class CallFinder:
    """Finds the call that a frame is in, as it is written."""

    def __init__(self) -> None:
        # A code object is kept with what was found in it, so that no other one gets its id.
        self._known: dict[tuple[int, int], tuple[CodeType, str]] = {}

    def __call__(self, frame: FrameType) -> str:
        """Return ``time.sleep(0.1)``, or ``with LOCK``; empty if it isn't known."""
        code, at = frame.f_code, frame.f_lasti
        key = id(code), at
        if key not in self._known:
            self._known[key] = code, _written(code, at)
        return self._known[key][1]


def _written(code: CodeType, at: int) -> str:
    positions = list(code.co_positions())
    if not 0 <= at // 2 < len(positions):
        return ""
    line, end_line, begin, end = positions[at // 2]
    is_with = dis.opname[code.co_code[at]] in _WITH
    if line is None or begin is None or (line != end_line and not is_with):
        return ""
    # Before Python 3.13, a context manager is entered at the place of the whole statement.
    last = end if line == end_line else None
    # Python counts bytes of UTF-8.
    written = linecache.getline(code.co_filename, line).encode()[begin:last]
    text = written.decode(errors="replace").strip()
    has_with = text.startswith(("with ", "async with "))
    return f"with {text}"[:_MOST_SHOWN] if is_with and not has_with else text[:_MOST_SHOWN]
