"""A thread that calls a function once a second for as long as it may."""

from __future__ import annotations

import threading
from collections.abc import Callable

_EVERY_S = 1.0
_JOIN_WITHIN_S = 5.0
"""The limit on waiting for the thread, should the terminal not take what is written."""


class Ticker:
    """Calls ``tick`` once a second from ``run`` to ``stop``, in a thread of its own.

    While it is stopped there is no thread, so nothing wakes up, and a fork is safe.
    """

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Tick from now on; nothing to do if it does."""
        if self._thread is not None:
            return
        self._is_over = is_over = threading.Event()
        self._thread = threading.Thread(
            target=self._loop, args=(is_over,), name="djworkers progress", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait until it has ended."""
        thread, self._thread = self._thread, None
        self._is_over.set()
        if thread is not None:
            thread.join(_JOIN_WITHIN_S)

    def _loop(self, is_over: threading.Event) -> None:
        while not is_over.wait(_EVERY_S):
            self._tick()
