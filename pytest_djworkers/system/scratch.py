"""Makes a run's folder for logs, sockets and databases, and removes those of killed runs."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from pytest_djworkers.system.file_lock import try_lock
from pytest_djworkers.system.os_errors import explain_os_errors

PREFIX = "djworkers-"
_MARKER = ".djworkers-scratch"
_CONTENT = (
    b"A folder of a run of pytest-djworkers. The next run removes it when this one is gone.\n"
)
_LONGEST_SOCKET_PATH = 100
"""AF_UNIX addresses hold 108 bytes on Linux, 104 on macOS."""
_SHORT = Path("/tmp")  # noqa: S108  # mkdtemp makes a folder that nobody else can write to
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Another user may have put a pipe in its place: opening that must not wait."""


class ScratchFolder:
    """A folder that this process owns until ``remove``, or until the process ends.

    Making one removes the folders that killed runs of this user have left behind. Raises
    ResourceError if none can be made.
    """

    # The process keeps a lock on a marker file in its folder. The system drops the lock when the
    # process ends, however that happens, so the next run can tell which folders nobody owns.

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._descriptor: int | None = None
        self.path: Path
        with explain_os_errors("no folder for logs and sockets can be made"):
            while self._descriptor is None:
                self.path = _make()
                # It is removed at exit as well, if the cleaning up before was interrupted.
                atexit.register(self.remove)
                self._descriptor = _own(self.path)
        remove_orphans(self.path.parent)

    def remove(self) -> None:
        """Remove the folder with all that is in it. A fork of the owner leaves it alone."""
        if os.getpid() != self._owner:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        atexit.unregister(self.remove)


def remove_orphans(parent: Path) -> None:
    """Remove this user's scratch folders, of runs that are gone, from a folder.

    All users may write to that folder (``/tmp``): nothing in it is trusted, and nothing waited for.
    """
    with suppress(OSError):
        descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in os.listdir(descriptor):  # noqa: PTH208  # of an open folder
                if name.startswith(PREFIX):
                    with suppress(OSError):
                        _remove_if_orphaned(descriptor, name)
        finally:
            os.close(descriptor)


def _make() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_PATH - len("/ready"):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_SHORT))
    return folder


def _own(folder: Path) -> int | None:
    """Mark and lock a new folder; return None if another run took it for an orphan meanwhile."""
    # Nobody else can write in the folder, so nothing can be in its place.
    descriptor = os.open(folder / _MARKER, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, _CONTENT)
        is_ours = try_lock(descriptor) and (folder / _MARKER).exists()
    except BaseException:
        os.close(descriptor)
        raise
    if is_ours:
        return descriptor
    os.close(descriptor)
    return None


def _remove_if_orphaned(parent: int, name: str) -> None:
    """Remove a scratch folder if nobody owns it. Raises OSError if something is not as it should
    be."""
    # All by descriptors, not by paths: somebody could exchange the folder between the checks and
    # the removal, but not what a descriptor stands for.
    folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        marker = os.open(_MARKER, _FILE, dir_fd=folder)
        try:
            if not (_is_own(folder, stat.S_IFDIR) and _is_own(marker, stat.S_IFREG)):
                return
            if os.read(marker, len(_CONTENT) + 1) != _CONTENT:
                return
            # Its own run has it locked, or another run that is removing it.
            if try_lock(marker):
                _empty(folder)
                os.rmdir(name, dir_fd=parent)
        finally:
            os.close(marker)
    finally:
        os.close(folder)


def _is_own(descriptor: int, kind: int) -> bool:
    """Return True if it is of that kind and this user's, and nobody else can write to it."""
    status = os.fstat(descriptor)
    return (
        stat.S_IFMT(status.st_mode) == kind
        and status.st_uid == os.geteuid()
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _empty(folder: int) -> None:
    """Remove all that is in a scratch folder."""
    # The marker last: if this is interrupted, the next run still sees that the folder is ours.
    for name in sorted(os.listdir(folder), key=lambda name: name == _MARKER):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            shutil.rmtree(name, ignore_errors=True, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
