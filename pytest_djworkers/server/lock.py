"""One burst at a time on a machine: a lock that every run takes, and that ends with its holder."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pytest_djworkers.errors import BusyMachineError
from pytest_djworkers.system.clock import CLOCK

_LOOK_EVERY_S = 0.05
WAIT_AT_MOST_S = 900.0


def lock_file() -> Path:
    """The file that the lock is on. It stays: removing it would let two in at once."""
    return Path(tempfile.gettempdir()) / "pytest-djworkers.lock"


class Lock(Protocol):
    """What a server takes from its launch to its end."""

    def acquire(self) -> None:
        """Wait for it; taken twice it is held once. Raises BusyMachineError."""

    def release(self) -> None:
        """Let the next one in; nothing where it is not held."""


class HeldLock:
    """For servers that run side by side while somebody else holds the machine for them."""

    def acquire(self) -> None:
        """Nothing to wait for."""

    def release(self) -> None:
        """Whoever holds it lets go of it."""


class MachineLock:
    """Held from a launch to the end of its server; by any user, in any run.

    The system drops it when its holder ends, however that happens.
    """

    def __init__(self, file: Path | None = None, *, wait_at_most_s: float = WAIT_AT_MOST_S) -> None:
        self._file = file or lock_file()
        self._wait_at_most_s = wait_at_most_s
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Wait for it. Raises BusyMachineError after a quarter of an hour, or without a lock."""
        import fcntl

        if self._descriptor is not None:
            return
        try:
            descriptor = _open(self._file)
        except OSError as error:
            raise BusyMachineError(
                f"can't tell whether another run's burst holds this machine: {self._file}:"
                f" {error.strerror}; let everybody read it (chmod 644)"
            ) from None
        deadline = CLOCK.monotonic() + self._wait_at_most_s
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if CLOCK.monotonic() > deadline:
                        raise BusyMachineError(
                            "another run's burst has held this machine for"
                            f" {self._wait_at_most_s:g}s: end it (its processes have"
                            f" {self._file} open) or wait for it"
                        ) from None
                    CLOCK.sleep(_LOOK_EVERY_S)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next one in."""
        import fcntl

        if self._descriptor is not None:
            # Unlocked, not only closed: a fork of this process may have it open too.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None


def _open(file: Path) -> int:
    # Reading is enough to lock, and another user's file in a sticky folder must not be opened
    # with O_CREAT (fs.protected_regular).
    with suppress(FileNotFoundError):
        return os.open(file, os.O_RDONLY)
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return os.open(file, os.O_RDONLY)
    # Whatever the umask is, other users must be able to lock it.
    os.fchmod(descriptor, 0o644)
    return descriptor
