"""Lets a worker die with the process that started it, also if guard and pytest were killed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Let the system kill this process when its parent ends (Linux).

    Does nothing in a thread other than the main one, and nothing if a thread other than the main
    one of the parent has started this process.
    """
    # PR_SET_PDEATHSIG of prctl(2) is about the thread that started the process, not about the
    # parent as a whole: a thread may end while the parent goes on.
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return
    parent = os.getppid()
    if not _is_child_of_main_thread(parent):
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have ended just before: then no signal will come.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _is_child_of_main_thread(parent: int) -> bool:
    with suppress(OSError):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        return str(os.getpid()) in children.split()
    return False
