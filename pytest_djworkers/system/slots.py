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
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pytest_djworkers.system.own_sockets import OwnSocket

_FILES_IN = Path("/tmp")  # noqa: S108  # the same for all users; what is there is looked at
_ASKED = 4096
"""How often a holder may be asked who it is; what asked is never accepted."""


class Taken(Protocol):
    """A place that this process has."""

    def release(self) -> None:
        """Give it back."""

    def abandon(self) -> None:
        """Let the parent keep it alone, in a fork."""


class Slots(Protocol):
    """The places of one name, from 0 on."""

    def take(self, number: int) -> Taken | None:
        """That place; None while somebody else has it. Raises OSError where none can be had."""

    def owner(self, number: int) -> tuple[int, int] | None:
        """The process and the user that have a place, as the kernel knows them; a process of 0 is
        one that can't be seen from here, such as another container's. None where nobody says."""


def slots(name: str) -> Slots:
    """The places of a name, in the way that this system has."""
    return SocketSlots(name) if sys.platform == "linux" else FileSlots(name)


@dataclass(frozen=True, slots=True)
class _Bound:
    socket: socket.socket

    def release(self) -> None:
        self.socket.close()

    abandon = release


@dataclass(frozen=True, slots=True)
class SocketSlots:
    """Places that are names of sockets."""

    name: str

    def take(self, number: int) -> Taken | None:
        """Bind the name."""
        bound = OwnSocket(socket.AF_UNIX)
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
        with OwnSocket(socket.AF_UNIX) as asking, suppress(OSError):
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
        import fcntl

        # Unlocked, not only closed: a fork of this process may have it open too.
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        os.close(self.descriptor)

    def abandon(self) -> None:
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class FileSlots:
    """Places that are locks on files. Those stay: removing one would let two in at once."""

    name: str
    folder: Path = _FILES_IN

    def take(self, number: int) -> Taken | None:
        """Lock the file."""
        import fcntl

        descriptor = open_regular(self.folder / f"{self.name}-{number}.lock", shared=True)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return _Locked(descriptor)

    def owner(self, number: int) -> tuple[int, int] | None:  # noqa: ARG002  # the protocol's
        """A file does not say who has locked it."""
        return None


def open_regular(file: Path, *, shared: bool) -> int:
    """Open a file to be locked, made where it is not there: for all users, or for this one alone.

    Never waits, whatever is in its place. Raises OSError for what is not a regular file.
    """
    how = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = _first(
        lambda: os.open(file, how),
        # Another user's file in a sticky folder can't be opened with O_CREAT
        # (fs.protected_regular), so one that is there is opened without.
        lambda: os.open(file, how | os.O_CREAT | os.O_EXCL, 0o600),
        lambda: os.open(file, how),
    )
    try:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(file))
        # Whatever the umask is, other users must be able to lock it.
        if shared and status.st_uid == os.geteuid() and status.st_mode & 0o044 != 0o044:
            os.fchmod(opened, 0o644)
    except BaseException:
        os.close(opened)
        raise
    return opened


def _first(*ways: Callable[[], int]) -> int:
    """The first that works, where the others fail because a file is there, or is not."""
    for way in ways[:-1]:
        with suppress(FileNotFoundError, FileExistsError):
            return way()
    return ways[-1]()
