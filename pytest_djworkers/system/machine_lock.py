"""A lock for the whole machine, so that one burst runs at a time. It ends with its holder."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet

from pytest_djworkers.errors import BusyMachineError
from pytest_djworkers.system.lock_holder import Announcement, describe_holder
from pytest_djworkers.system.lock_queue import HeldPlace, queue_places
from pytest_djworkers.system.long_waits import Onlooker, TurnWait
from pytest_djworkers.system.shared_name import shared_name

WAIT_AT_MOST_S = 900.0
_QUEUE = 64
"""The number of places: 63 processes wait in the order in which they came."""


class Lock(Protocol):
    """A lock that a server holds from its launch to its end."""

    def acquire(self) -> None:
        """Wait until this process holds it; nothing to do if it does. Raises BusyMachineError."""

    def release(self) -> None:
        """Let the next process have it; nothing to do if it isn't held."""


class NullLock:
    """A lock for servers that run side by side, while their caller holds the machine for all."""

    def acquire(self) -> None:
        """Do nothing: there is nothing to wait for."""

    def release(self) -> None:
        """Do nothing: the caller releases its own lock."""


class MachineLock:
    """The lock of all runs of all users on this machine.

    ``wait_at_most_s`` is the time limit for ``acquire``, in seconds. The ``onlooker`` is told of
    waits.
    """

    # Of the numbered places, 0 is the machine itself, and the others are a queue. A process enters
    # at the last place, and takes the next lower one as soon as that is free. So nobody is
    # overtaken, neither by a process that comes later nor by a holder that comes back at once. The
    # system frees a place when its process ends, however that happens.

    def __init__(
        self,
        name: str | None = None,
        *,
        wait_at_most_s: float = WAIT_AT_MOST_S,
        onlooker: Onlooker | None = None,
    ) -> None:
        self._name = name or shared_name()
        self._places = queue_places(self._name)
        self._onlooker = onlooker
        self._wait = TurnWait(
            "another run's burst",
            lambda: self.holder,
            "another run's burst has held this machine",
            wait_at_most_s,
        )
        self._place: HeldPlace | None = None
        self._next = _QUEUE - 1
        """The number of the next place to take; -1 if this process holds the machine."""
        self._announcement: Announcement | None = None
        _LOCKS.add(self)

    @property
    def holder(self) -> str:
        """Words for the process that holds the machine."""
        return describe_holder(self._name, self._places, max(0, self._next))

    def acquire(self) -> None:
        """Wait until this process holds the machine.

        Raises BusyMachineError if that takes too long, or if the lock doesn't work.
        """
        if self._next < 0:
            return
        try:
            self._wait.until(self._advance, self._onlooker)
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
        """Let the next process have the machine; leave the queue."""
        place, self._place, self._next = self._place, None, _QUEUE - 1
        announcement, self._announcement = self._announcement, None
        if announcement is not None:
            announcement.end()
        if place is not None:
            place.release()

    def abandon(self) -> None:
        """Leave the lock to the parent, in a fork of the process that holds it."""
        if self._place is not None:
            self._place.abandon()
        if self._announcement is not None:
            self._announcement.end()
        self._place = self._announcement = None
        self._next = _QUEUE - 1

    def _advance(self) -> bool:
        """Advance in the queue as far as possible; return True if the machine is held then."""
        while self._next >= 0:
            taken = self._places.take(self._next)
            if taken is None:
                return False
            # Only now: a process without a place would lose its turn to those behind it.
            if self._place is not None:
                self._place.release()
            self._place = taken
            self._next -= 1
        return True


_LOCKS: WeakSet[MachineLock] = WeakSet()


def _in_a_fork() -> None:
    for lock in tuple(_LOCKS):
        with suppress(OSError):
            lock.abandon()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_in_a_fork)
