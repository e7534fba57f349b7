"""Reads and writes files: without waiting, and whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_djworkers.system.file_lock import try_lock

_ORPHAN = re.compile(r"[a-z0-9_]{8}(?:\.tmp)?")
"""The end of a temporary file's name, after that of the file. Earlier versions had no ``.tmp``."""
_TRIES = 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "a device"),
)


class NotAFileError(OSError):
    """Something other than a file has its name, or the file is too large to be ours."""

    def __init__(self, what: str) -> None:
        super().__init__(0, what)


def read_regular(file: Path, *, most_bytes: int) -> bytes:
    """Return the content of a regular file.

    Raises NotAFileError if it isn't a file or has more bytes, and any other OSError.
    """
    # Opening a named pipe would wait for somebody who writes to it, without O_NONBLOCK.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kind = next((words for is_, words in _KINDS if is_(found.st_mode)), "something else")
            raise NotAFileError(f"it is {kind}, not a file")
        if found.st_size > most_bytes:
            raise NotAFileError(f"it has more than {most_bytes >> 20} MiB")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read()
    finally:
        os.close(descriptor)


def listed(folder: Path) -> list[Path]:
    """Return the paths in a folder, sorted; none if there is no such folder.

    Raises OSError if the folder can't be read. (pathlib's globs take such a folder for empty.)
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries)
    except FileNotFoundError:
        return []


def write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all. Raises OSError.

    Temporary files that killed writers of the same file have left beside it are removed.
    """
    with suppress(OSError):
        _remove_orphans(file)
    with _temporary(file) as (descriptor, temporary):
        with open(descriptor, "w", encoding="utf-8", closefd=False) as stream:
            stream.write(text)
            stream.flush()
            # Otherwise a crash of the machine could leave an empty file: the new name may reach the
            # disk before the content does.
            os.fsync(descriptor)
        # Whoever may read the project may read it. The umask can't be read without setting it.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(file)


def write_private(file: Path, data: bytes) -> None:
    """Write a file that only this user can read, from its first byte on."""
    # Removed first: an old file keeps its permissions, and a link would be followed.
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(data)


@contextmanager
def _temporary(file: Path) -> Iterator[tuple[int, Path]]:
    """Make a temporary file beside another, for as long as this is entered; give its descriptor and
    path. It stays locked meanwhile, and is removed if an exception is raised."""
    for _ in range(_TRIES):
        temporary = file.with_name(f".{file.name}.{os.urandom(4).hex()}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            # A file system without locks raises OSError. Nobody removes orphans there, either.
            with suppress(OSError):
                if not try_lock(descriptor):
                    continue  # another writer takes it for an orphan, and is about to remove it
            # Without a link, another writer removed it between the creation and the lock.
            if not os.fstat(descriptor).st_nlink:
                continue
            try:
                yield descriptor, temporary
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
            return
        finally:
            os.close(descriptor)
    raise OSError(0, f"other processes remove each temporary file that is made in {file.parent}")


def _remove_orphans(file: Path) -> None:
    """Remove temporary files of this file that nobody has locked any more."""
    prefix = f".{file.name}."
    for one in listed(file.parent):
        if one.name.startswith(prefix) and _ORPHAN.fullmatch(one.name.removeprefix(prefix)):
            with suppress(OSError):
                descriptor = os.open(one, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
                try:
                    if stat.S_ISREG(os.fstat(descriptor).st_mode) and try_lock(descriptor):
                        one.unlink()
                finally:
                    os.close(descriptor)
