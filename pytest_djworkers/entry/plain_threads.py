"""The threads of the operating system, also where gevent has put greenlets in their place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def start_thread(run: Callable[[], None]) -> None:
    """Run a function in a thread of its own, which ends with the process."""
    _original("_thread", "start_new_thread")(run, ())


def sleep(seconds: float) -> None:
    """Sleep in the thread that calls this; with gevent, too, its other work waits meanwhile."""
    _original("time", "sleep")(seconds)


def thread_ident() -> int:
    """Return the identity of the thread, by which ``sys._current_frames`` knows it."""
    ident: int = _original("_thread", "get_ident")()
    return ident


def _original(module: str, name: str) -> Any:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original(module, name)
    return getattr(sys.modules[module], name)
