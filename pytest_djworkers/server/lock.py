"""One burst at a time on a machine: a lock that every run takes, and that ends with its holder."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from pytest_djworkers.errors import BusyMachineError

_LOOK_EVERY_S = 0.05
WAIT_AT_MOST_S = 900.0


def lock_file() -> Path:
    """The file that the lock is on. It stays: removing it would let two in at once."""
    return Path(tempfile.gettempdir()) / "pytest-djworkers.lock"


class MachineLock:
    """Held from a launch to the end of its server; by any user, in any run.

    The system drops it when its holder ends, however that happens.
    """

    def __init__(self, file: Path | None = None, *, wait_at_most_s: float = WAIT_AT_MOST_S) -> None:
        self._file = file or lock_file()
        self._wait_at_most_s = wait_at_most_s
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Wait for it. Raises BusyMachineError after a quarter of an hour."""
        import fcntl

        if self._descriptor is not None:
            return
        descriptor = _open(self._file)
        deadline = time.monotonic() + self._wait_at_most_s
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise BusyMachineError(
                            "another run's burst has held this machine for"
                            f" {self._wait_at_most_s:g}s: end it (its processes have"
                            f" {self._file} open) or wait for it"
                        ) from None
                    time.sleep(_LOOK_EVERY_S)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next one in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open(file: Path) -> int:
    # Reading is enough to lock, and another user's file in a sticky folder must not be opened
    # with O_CREAT (fs.protected_regular).
    try:
        return os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return os.open(file, os.O_RDONLY | os.O_CREAT, 0o644)
