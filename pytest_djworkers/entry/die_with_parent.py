"""A worker dies with the master that has started it, also where both guard and run are gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have the system kill this process when its parent ends (Linux).

    The system looks at the thread that has started it: where that is not the parent's main thread,
    it may end while the parent goes on, and nothing is done. Nor is a thread of this process
    other than its main one asked to die.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return
    parent = os.getppid()
    if not _is_child_of_main_thread(parent):
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _is_child_of_main_thread(parent: int) -> bool:
    with suppress(OSError):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        return str(os.getpid()) in children.split()
    return False
