"""Files as they are found: opened without waiting, read where they are files, written whole."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_djworkers.system.file_lock import try_lock

_ORPHAN = re.compile(r"[a-z0-9_]{8}(?:\.tmp)?")
"""What follows a file's name in that of a temporary one; once without the ending."""
_TRIES = 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "a device"),
)


class NotAFileError(OSError):
    """What has a file's name is something else, or larger than anything that belongs there."""

    def __init__(self, what: str) -> None:
        super().__init__(0, what)


def read_regular(file: Path, *, most_bytes: int) -> bytes:
    """The content of a regular file; a pipe, which would be waited for, is none.

    Raises OSError, and NotAFileError for what is no file or has more bytes.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kind = next((words for is_, words in _KINDS if is_(found.st_mode)), "something else")
            raise NotAFileError(f"it is {kind}, and no file")
        if found.st_size > most_bytes:
            raise NotAFileError(f"it has more than {most_bytes >> 20} MiB")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read()
    finally:
        os.close(descriptor)


def listed(folder: Path) -> list[Path]:
    """What is in a folder, sorted; nothing where there is none. Raises OSError where it can't be
    looked into, which pathlib's globs take for empty."""
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries)
    except FileNotFoundError:
        return []


def write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all. Raises OSError.

    What a killed writer of the same file has left beside it is taken away.
    """
    with suppress(OSError):
        _remove_orphans(file)
    with _temporary(file) as (descriptor, temporary):
        with open(descriptor, "w", encoding="utf-8", closefd=False) as stream:
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        # It is to be read by whoever may read the project.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(file)


def write_private(file: Path, data: bytes) -> None:
    """Write a file anew, so that nobody else can read it from its first byte on."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(data)


@contextmanager
def _temporary(file: Path) -> Iterator[tuple[int, Path]]:
    """A new file beside another, locked while somebody writes to it; gone if it was not moved."""
    for _ in range(_TRIES):
        temporary = file.with_name(f".{file.name}.{os.urandom(4).hex()}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            # A file system without locks, which raises OSError, has no orphans taken away either.
            with suppress(OSError):
                if not try_lock(descriptor):
                    continue  # another writer takes it for an orphan, and away
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
    raise OSError(0, f"no temporary file beside it stays for long enough: {file.parent}")


def _remove_orphans(file: Path) -> None:
    """Take away temporary files that nobody writes to any more."""
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
