"""A run's folder for logs, sockets and databases, and those of runs that were killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "djworkers-"
_OWNED = ".owned"
_LONGEST_SOCKET_PATH = 100
"""AF_UNIX addresses hold 108 bytes on Linux, 104 on macOS."""


class ScratchFolder:
    """A folder that this process owns until ``remove``, or until it ends however it does.

    A lock on a file in it says so, which the system drops with the process; so the next run can
    tell which folders nobody owns any more. They are removed when one is made.
    """

    def __init__(self) -> None:
        import fcntl

        self.path = _make()
        self._descriptor = os.open(self.path / _OWNED, os.O_RDONLY | os.O_CREAT)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        for folder in self.path.parent.glob(f"{PREFIX}*"):
            if folder != self.path:
                _remove_if_orphaned(folder)

    def remove(self) -> None:
        """Remove it, with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def _make() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    if len(str(folder)) > _LONGEST_SOCKET_PATH - len("/ready"):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    return folder


def _remove_if_orphaned(folder: Path) -> None:
    import fcntl

    # Another user's can't be opened, and one without the file is just being made.
    with suppress(OSError):
        descriptor = os.open(folder / _OWNED, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
