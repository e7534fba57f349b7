"""Lets a profiler that the pytest process starts read the stacks of this process."""

from __future__ import annotations

import os
import sys

_PR_SET_PTRACER = 0x59616D61


def allow_tracer(pid: int) -> None:
    """Let a process and its children attach to this one, and to those that it forks from now on.

    With Yama's restrictions, which most distributions have, only an ancestor may. Elsewhere the
    call does nothing.
    """
    if sys.platform != "linux":
        return
    import ctypes

    libc = ctypes.CDLL(None)

    def allow() -> None:
        # prctl(2) and the kernel's admin-guide/LSM/Yama: forks don't inherit it.
        libc.prctl(_PR_SET_PTRACER, ctypes.c_ulong(pid), 0, 0, 0)

    allow()
    os.register_at_fork(after_in_child=allow)
