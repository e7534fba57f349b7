"""Locks on files (flock(2)), which the system drops when the process that holds them ends.

``fcntl`` is imported where it is used: Windows has none, and gets as far as an error message.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pytest_djworkers.system.deadlines import true_within


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process alone, without waiting.

    Return False if somebody else has locked it. Raises OSError, such as on a file system that
    has no locks.
    """
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def share_lock(descriptor: int) -> None:
    """Lock an open file together with others that share it; wait while a process has it alone.

    A process that has locked it alone shares it from then on. Raises OSError.
    """
    import fcntl

    # A signal's handler runs meanwhile, and may raise.
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def lock_within(descriptor: int, seconds: float) -> bool:
    """Lock an open file for this process alone; return False if somebody else keeps it locked for
    that many seconds. Raises OSError."""
    return true_within(seconds, lambda: try_lock(descriptor))


def unlock(descriptor: int) -> None:
    """Unlock an open file, for every process that shares the descriptor."""
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_UN)


def open_lock_file(file: Path, *, shared: bool) -> int:
    """Open a file that serves as a lock, and create it if it isn't there. Return a descriptor.

    With ``shared`` the users of the machine can all lock it; otherwise only this user. Never
    waits, whatever lies under that name. Raises OSError if it is not a regular file.
    """
    how = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = _first(
        lambda: os.open(file, how),
        # Another user's file in a sticky folder can't be opened with O_CREAT
        # (fs.protected_regular), so an existing file is opened without.
        lambda: os.open(file, how | os.O_CREAT | os.O_EXCL, 0o600),
        # Somebody else created it between the two attempts.
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
    """Return what the first way gives that does not fail because a file exists or is missing."""
    for way in ways[:-1]:
        with suppress(FileNotFoundError, FileExistsError):
            return way()
    return ways[-1]()
