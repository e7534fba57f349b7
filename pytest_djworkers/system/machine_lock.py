"""One burst at a time on a machine: a lock that every run takes, and that ends with its holder."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet

from pytest_djworkers.errors import BusyMachineError
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.lock_holder import Announcement, describe_holder
from pytest_djworkers.system.lock_queue import HeldPlace, queue_places
from pytest_djworkers.system.long_waits import ANNOUNCE_AFTER_S
from pytest_djworkers.system.shared_name import shared_name

_LOOK_EVERY_S = 0.05
WAIT_AT_MOST_S = 900.0
AGAIN_AFTER_S = 60.0
_QUEUE = 64
"""So many wait in the order in which they came."""


class Lock(Protocol):
    """What a server takes from its launch to its end."""

    def acquire(self) -> None:
        """Wait for it; taken twice it is held once. Raises BusyMachineError."""

    def release(self) -> None:
        """Let the next one in; nothing where it is not held."""


class NullLock:
    """For servers that run side by side while somebody else holds the machine for them."""

    def acquire(self) -> None:
        """Nothing to wait for."""

    def release(self) -> None:
        """Whoever holds it lets go of it."""


class Onlooker(Protocol):
    """Who is told when a run has to wait for its turn."""

    def begin(self) -> None:
        """The wait begins."""

    def say(self, words: str) -> None:
        """Tell the user."""

    def end(self, waited_s: float) -> None:
        """The wait is over, however that came."""


class MachineLock:
    """Held from a launch to the end of its server; by any user, in any run.

    The first of some numbered places is the machine, the others are a queue: who comes enters at
    the end, and keeps a place until the one before it is free. So nobody is overtaken, neither
    by who comes later nor by a holder who comes back at once. The system gives a place back when
    its process ends, however that happens.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        wait_at_most_s: float = WAIT_AT_MOST_S,
        onlooker: Onlooker | None = None,
    ) -> None:
        self._name = name or shared_name()
        self._places = queue_places(self._name)
        self._wait_at_most_s = wait_at_most_s
        self._onlooker = onlooker
        self._place: HeldPlace | None = None
        self._next = _QUEUE - 1
        """The place to take; -1 where the machine is held."""
        self._announcement: Announcement | None = None
        _LOCKS.add(self)

    @property
    def holder(self) -> str:
        """Who has the machine, in words."""
        return describe_holder(self._name, self._places, max(0, self._next))

    def acquire(self) -> None:
        """Wait for it. Raises BusyMachineError after a quarter of an hour, or without a lock."""
        if self._next < 0:
            return
        try:
            if not self._advance():
                self._wait()
        except OSError as error:
            self.release()
            raise BusyMachineError(
                "can't tell whether another run's burst holds this machine: "
                f"{error.filename or self._name}: {error.strerror or error}"
            ) from None
        except BaseException:
            self.release()
            raise
        if sys.platform == "linux":
            self._announcement = Announcement.make(self._name)

    def release(self) -> None:
        """Let the next one in; leave the queue."""
        place, self._place, self._next = self._place, None, _QUEUE - 1
        announcement, self._announcement = self._announcement, None
        if announcement is not None:
            announcement.end()
        if place is not None:
            place.release()

    def abandon(self) -> None:
        """In a fork of this process: it is the parent's, and ends with that."""
        if self._place is not None:
            self._place.abandon()
        if self._announcement is not None:
            self._announcement.end()
        self._place = self._announcement = None
        self._next = _QUEUE - 1

    def _advance(self) -> bool:
        """Go on in the queue as far as possible; whether the machine is held then."""
        while self._next >= 0:
            taken = self._places.take(self._next)
            if taken is None:
                return False
            if self._place is not None:
                self._place.release()
            self._place = taken
            self._next -= 1
        return True

    def _wait(self) -> None:
        began = CLOCK.monotonic()
        if self._onlooker is not None:
            self._onlooker.begin()
        try:
            self._wait_aloud(began)
        finally:
            if self._onlooker is not None:
                self._onlooker.end(CLOCK.monotonic() - began)

    def _wait_aloud(self, began: float) -> None:
        speak_at = began + ANNOUNCE_AFTER_S
        while not self._advance():
            now = CLOCK.monotonic()
            if now >= began + self._wait_at_most_s:
                raise BusyMachineError(
                    f"another run's burst has held this machine for {self._wait_at_most_s:g}s:"
                    f" {self.holder}: end it, or wait for it"
                )
            if now >= speak_at:
                speak_at = now + AGAIN_AFTER_S
                self._say(
                    f"waiting for another run's burst, {now - began:.0f}s so far and"
                    f" {self._wait_at_most_s:g}s at most: {self.holder}"
                )
            CLOCK.sleep(_LOOK_EVERY_S)
        if speak_at > began + ANNOUNCE_AFTER_S:
            self._say(f"waited {CLOCK.monotonic() - began:.0f}s for another run's burst")

    def _say(self, words: str) -> None:
        if self._onlooker is not None:
            self._onlooker.say(words)


_LOCKS: WeakSet[MachineLock] = WeakSet()


def _in_a_fork() -> None:
    for lock in tuple(_LOCKS):
        with suppress(OSError):
            lock.abandon()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_in_a_fork)
