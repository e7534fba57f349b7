"""Numbered places, each of which one process of the machine can hold, whoever its user is.

On Linux a place is a name of a socket in the abstract namespace (unix(7)), elsewhere a lock on a
file in /tmp. ``MachineLock`` makes a queue of them.
"""

# The kernel gives an abstract name to one process, and takes it back when the process ends. It is
# not a file, so nobody can put something else in its place, and it does not depend on TMPDIR. Each
# network namespace has names of its own.

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pytest_djworkers.system.file_lock import open_lock_file, try_lock, unlock
from pytest_djworkers.system.unpatched_sockets import UnpatchedSocket

_FILES_IN = Path("/tmp")  # noqa: S108  # the same for all users; what is there is looked at
_ASKED = 4096
"""The number of times that a holder can be asked who it is: each is a connection that is never
accepted, and stays in this backlog."""


class HeldPlace(Protocol):
    """A place that this process holds."""

    def release(self) -> None:
        """Give it back."""

    def abandon(self) -> None:
        """Leave it to the parent, in a fork of the process that took it."""


class QueuePlaces(Protocol):
    """The places under one name, numbered from 0."""

    def take(self, number: int) -> HeldPlace | None:
        """Take a place; return None if another process holds it. Raises OSError if that can't be
        told."""

    def owner(self, number: int) -> tuple[int, int] | None:
        """Return the process id and the user id of the holder, as the kernel knows them.

        The process id is 0 for a process that can't be seen from here, such as one in another
        container. None if nobody holds the place, or if the holder isn't known.
        """


def queue_places(name: str) -> QueuePlaces:
    """Return the places under a name, in the way that this system offers."""
    return SocketPlaces(name) if sys.platform == "linux" else FilePlaces(name)


@dataclass(frozen=True, slots=True)
class _Bound:
    socket: socket.socket

    def release(self) -> None:
        self.socket.close()

    abandon = release


@dataclass(frozen=True, slots=True)
class SocketPlaces:
    """Places that are abstract names of sockets."""

    name: str

    def take(self, number: int) -> HeldPlace | None:
        """Take a place by binding its name."""
        bound = UnpatchedSocket(socket.AF_UNIX)
        try:
            bound.bind(self._address(number))
            bound.listen(_ASKED)
        except OSError as error:
            bound.close()
            if error.errno == errno.EADDRINUSE:
                return None
            raise
        return _Bound(bound)

    def owner(self, number: int) -> tuple[int, int] | None:
        """Return the process that listens under the name: the kernel notes it at listen()."""
        with UnpatchedSocket(socket.AF_UNIX) as asking, suppress(OSError):
            asking.setblocking(False)
            asking.connect(self._address(number))
            said = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            pid, uid, _ = (int.from_bytes(said[at : at + 4], sys.byteorder) for at in (0, 4, 8))
            return pid, uid
        return None

    def _address(self, number: int) -> bytes:
        return f"\0{self.name}/{number}".encode()


@dataclass(frozen=True, slots=True)
class _Locked:
    descriptor: int

    def release(self) -> None:
        # Unlocked, not only closed: a fork of this process may have it open too.
        unlock(self.descriptor)
        os.close(self.descriptor)

    def abandon(self) -> None:
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class FilePlaces:
    """Places that are locks on files."""

    # The files stay. If a holder removed its file, a process that has opened it would lock the old
    # file, and the next one a new file of the same name: both would have the place.

    name: str
    folder: Path = _FILES_IN

    def take(self, number: int) -> HeldPlace | None:
        """Take a place by locking its file."""
        descriptor = open_lock_file(self.folder / f"{self.name}-{number}.lock", shared=True)
        try:
            is_taken = try_lock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if is_taken:
            return _Locked(descriptor)
        os.close(descriptor)
        return None

    def owner(self, number: int) -> tuple[int, int] | None:  # noqa: ARG002  # the protocol's
        """A file does not say who has locked it."""
        return None
