"""Lets a profiler that the pytest process starts read the stacks of this process."""

from __future__ import annotations

import sys

from pytest_djworkers.entry.forks import call_in_forks

_PR_SET_PTRACER = 0x59616D61


def allow_tracer(pid: int) -> None:
    """Let a process and its children attach to this one, and to those that it forks from now on.

    To be called when the site is loaded (see ``call_in_forks``). With Yama's restrictions, which
    most distributions have, only an ancestor may. Elsewhere the call does nothing.
    """
    if sys.platform != "linux":
        return
    import ctypes

    libc = ctypes.CDLL(None)

    def allow() -> None:
        # prctl(2) and the kernel's admin-guide/LSM/Yama: forks don't inherit it.
        libc.prctl(_PR_SET_PTRACER, ctypes.c_ulong(pid), 0, 0, 0)

    allow()
    call_in_forks(allow)
