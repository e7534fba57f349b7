"""Numbered places that one process of a machine can have at a time, whoever its user is.

Linux: each is a name of a socket in the abstract namespace. The kernel gives a name to one
process, and takes it back when that ends. It is no file, so nobody can put something else in its
place, and it does not depend on TMPDIR. Network namespaces have names of their own.

Elsewhere: locks on files in /tmp.
"""

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
"""How often a holder may be asked who it is; what asked is never accepted."""


class HeldPlace(Protocol):
    """A place that this process has."""

    def release(self) -> None:
        """Give it back."""

    def abandon(self) -> None:
        """Let the parent keep it alone, in a fork."""


class QueuePlaces(Protocol):
    """The places of one name, from 0 on."""

    def take(self, number: int) -> HeldPlace | None:
        """That place; None while somebody else has it. Raises OSError where none can be had."""

    def owner(self, number: int) -> tuple[int, int] | None:
        """The process and the user that have a place, as the kernel knows them; a process of 0 is
        one that can't be seen from here, such as another container's. None where nobody says."""


def queue_places(name: str) -> QueuePlaces:
    """The places of a name, in the way that this system has."""
    return SocketPlaces(name) if sys.platform == "linux" else FilePlaces(name)


@dataclass(frozen=True, slots=True)
class _Bound:
    socket: socket.socket

    def release(self) -> None:
        self.socket.close()

    abandon = release


@dataclass(frozen=True, slots=True)
class SocketPlaces:
    """Places that are names of sockets."""

    name: str

    def take(self, number: int) -> HeldPlace | None:
        """Bind the name."""
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
        """Who has called listen()."""
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
    """Places that are locks on files. Those stay: removing one would let two in at once."""

    name: str
    folder: Path = _FILES_IN

    def take(self, number: int) -> HeldPlace | None:
        """Lock the file."""
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
