"""Ctrl-C and SIGTERM: the first ends the run tidily, and a second in a hurry does not undo that."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pytest_djworkers.system.clock import CLOCK

GRACE_S = 3.0
"""For how long after the first one more are taken for the same: that is what cleaning up takes."""
_UNTOUCHED = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Interrupts:
    """Turns signals into KeyboardInterrupt, once.

    SIGTERM would end Python without any teardown. A second Ctrl-C would end the teardown that
    the first one began, and leave behind what comes later in it.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._before: dict[signal.Signals, Any] = {}
        self._first_at = -math.inf
        self._is_held = False
        self._is_due = False

    def take(self, number: signal.Signals) -> bool:
        """Handle a signal from now on, unless somebody does already; whether that is new.

        Outside the main thread, which alone can, nothing is done.
        """
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or number in self._before or signal.getsignal(number) != _UNTOUCHED[number]:
            return False
        self._before[number] = signal.signal(number, self._handle)
        return True

    def give_back(self, number: signal.Signals) -> None:
        """Let a signal do what it did before, unless somebody else has taken it over."""
        if number in self._before:
            before = self._before.pop(number)
            if signal.getsignal(number) == self._handle:
                signal.signal(number, before)

    def end(self) -> None:
        """Give back what was taken."""
        for number in tuple(self._before):
            self.give_back(number)

    def forget(self) -> None:
        """The next one is a first one: what came before has not ended the run."""
        self._first_at = -math.inf

    def clean_up(self) -> None:
        """The run ends: no signal changes that, until it has had the time."""
        self._first_at = CLOCK.monotonic()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Finish what is inside before a KeyboardInterrupt is raised, unless one more insists."""
        is_new = self.take(signal.SIGINT)
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            if is_new:
                self.give_back(signal.SIGINT)
            if self._is_due:
                self._is_due = False
                raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # a signal handler
        if os.getpid() != self._owner:
            # In a fork of this process, such as multiprocessing's, which is to end as it would.
            self.give_back(signal.Signals(number))
            os.kill(os.getpid(), number)
            return
        now = CLOCK.monotonic()
        if now - self._first_at < GRACE_S:
            return
        self._first_at = now
        if self._is_held and not self._is_due:
            self._is_due = True
            return
        self._is_due = False
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise KeyboardInterrupt(signal.Signals(number).name)
