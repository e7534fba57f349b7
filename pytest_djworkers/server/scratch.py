"""A run's folder for logs, sockets and databases, and those of runs that were killed."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from pytest_djworkers.system.clock import CLOCK

PREFIX = "djworkers-"
_OWNED = ".owned"
_LONGEST_SOCKET_PATH = 100
"""AF_UNIX addresses hold 108 bytes on Linux, 104 on macOS."""
_MADE_WITHIN_S = 60.0
"""A folder that is empty for longer will not be anybody's: its maker was killed."""


class ScratchFolder:
    """A folder that this process owns until ``remove``, or until it ends however it does.

    A lock on a file in it says so, which the system drops with the process; so the next run can
    tell which folders nobody owns any more. They are removed when one is made.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._descriptor: int | None = None
        self.path = _make()
        # For when the cleaning up is interrupted, too.
        atexit.register(self.remove)
        self._descriptor = _own(self.path)
        while not (self.path / _OWNED).exists():
            # Another run took it for an orphan before it was locked, and removed it.
            os.close(self._descriptor)
            self.path = _make()
            self._descriptor = _own(self.path)
        for folder in self.path.parent.glob(f"{PREFIX}*"):
            if folder != self.path:
                _remove_if_orphaned(folder)

    def remove(self) -> None:
        """Remove it, with all that is in it. A fork of its owner leaves it alone."""
        if os.getpid() != self._owner:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        atexit.unregister(self.remove)


def _make() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    if len(str(folder)) > _LONGEST_SOCKET_PATH - len("/ready"):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    return folder


def _own(folder: Path) -> int:
    import fcntl

    descriptor = os.open(folder / _OWNED, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _remove_if_orphaned(folder: Path) -> None:
    import fcntl

    # Another user's can't be removed, and one without the file may be just being made.
    with suppress(OSError):
        if CLOCK.unix() - folder.stat().st_mtime > _MADE_WITHIN_S:
            folder.rmdir()
            return
    with suppress(OSError):
        descriptor = os.open(folder / _OWNED, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
