"""A lock for the processes of one run: their tests run side by side, and a burst runs alone."""

# All of it is flock(2) on three files in a folder of the run. The system drops the locks of a
# process that ends, however that happens.
#
# - "tests" is shared by all processes that run a test, and locked alone by the one that measures.
# - "gate" must be passed to get at "tests". A process that is to measure keeps it shut, so that no
#   further test begins, and it waits only for those that run: nobody can overtake it.
# - "turn" is held by the process whose turn it is to measure, from before it waits for the machine.
#   So the others of this run don't queue for the machine, and tests go on meanwhile.

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from weakref import WeakSet

from pytest_djworkers.errors import BusyMachineError
from pytest_djworkers.system.file_lock import open_lock_file, share_lock, try_lock, unlock
from pytest_djworkers.system.long_waits import Onlooker, TurnWait
from pytest_djworkers.system.machine_lock import WAIT_AT_MOST_S, Lock

_TURN_AT_MOST_S = 6 * 3600.0
"""The limit on waiting for the bursts of the others, in seconds: no job of GitHub's is longer."""
_DOING = ".doing"
"""The suffix of the files in which the processes note what they do."""


class RunLock:
    """The lock that one process of a run holds while it measures, and shares while it runs a test.

    ``folder`` is the run's, ``name`` that of this process in messages. ``machine`` is the lock of
    all runs, which is acquired as well. The ``onlooker`` is told of waits for bursts and tests.
    """

    def __init__(
        self, folder: Path, name: str, machine: Lock, onlooker: Onlooker | None = None
    ) -> None:
        self._folder = folder
        self._machine = machine
        self._onlooker = onlooker
        self._turn, self._gate, self._tests = (
            open_lock_file(folder / f"{file}.lock", shared=False)
            for file in ("turn", "gate", "tests")
        )
        self._doing = os.open(
            folder / f"{name}{_DOING}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        # Kept to the end: so the others can tell that this process lives.
        try_lock(self._doing)
        self._shares = False
        self._measures = False
        self._descriptors: tuple[int, ...] = (self._turn, self._gate, self._tests, self._doing)
        _LOCKS.add(self)

    @contextmanager
    def shared(self, doing: str) -> Iterator[None]:
        """Share the machine with the other processes of the run while entered.

        Waits while one of them measures. ``doing`` says what this process does.
        """
        self._share(doing)
        try:
            yield
        finally:
            self.release()
            self._shares = False
            with suppress(OSError):
                os.ftruncate(self._doing, 0)
                unlock(self._tests)

    def acquire(self) -> None:
        """Wait until this process has the machine alone; nothing to do if it does.

        Raises BusyMachineError if that takes too long, or a lock doesn't work.
        """
        if self._measures:
            return
        self._measures = True
        try:
            # While this process waits, another one of the run may measure.
            unlock(self._tests)
            self._wait_for_turn()
            self._machine.acquire()
            self._wait_for_tests()
        except OSError as error:
            self.release()
            raise BusyMachineError(
                f"can't tell what other pytest-xdist workers do: {self._folder}:"
                f" {error.strerror or error}"
            ) from None
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let the others go on; nothing to do if this process doesn't measure."""
        if not self._measures:
            return
        self._measures = False
        self._machine.release()
        # In a fork of this process the files are closed.
        with suppress(OSError):
            if self._shares:
                # Before the gate opens, so that it isn't the next one that has to wait.
                share_lock(self._tests)
            else:
                unlock(self._tests)
            unlock(self._gate)
            unlock(self._turn)

    def close(self) -> None:
        """Drop all locks, and close the files."""
        self._measures = self._shares = False
        descriptors, self._descriptors = self._descriptors, ()
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)

    def _share(self, doing: str) -> None:
        share_lock(self._gate)
        try:
            share_lock(self._tests)
        finally:
            unlock(self._gate)
        self._shares = True
        os.pwrite(self._doing, doing.encode(errors="replace"), 0)

    def _wait_for_turn(self) -> None:
        wait = TurnWait(
            "a burst of another pytest-xdist worker",
            self._others,
            "bursts of other pytest-xdist workers have held this machine",
            _TURN_AT_MOST_S,
            # It is what always happens, and the burst at hand is shown.
            is_announced=False,
        )
        wait.until(partial(try_lock, self._turn), self._onlooker)

    def _wait_for_tests(self) -> None:
        wait = TurnWait(
            "tests of other pytest-xdist workers",
            self._others,
            "tests of other pytest-xdist workers have run",
            WAIT_AT_MOST_S,
        )
        # Those that pass it have it for a moment only.
        wait.until(partial(try_lock, self._gate), self._onlooker)
        wait.until(partial(try_lock, self._tests), self._onlooker)

    def _others(self) -> str:
        """Return what the other processes do, in words."""
        files = sorted(self._folder.glob(f"*{_DOING}"))
        doing = (_doing(file) for file in files if not _is_same(file, self._doing))
        return ", ".join(filter(None, doing)) or "an unknown process"


def _doing(file: Path) -> str:
    """Return what the process of this file does; empty if it has ended, or does nothing."""
    with file.open("rb") as noted:
        if try_lock(noted.fileno()):
            return ""
        text = noted.read().decode(errors="replace")
    return text and f"{file.stem} runs {text}"


def _is_same(file: Path, descriptor: int) -> bool:
    return os.path.samestat(file.stat(), os.fstat(descriptor))


_LOCKS: WeakSet[RunLock] = WeakSet()


def _in_a_fork() -> None:
    # It shares the locks with its parent, and would keep them if it lived longer.
    for lock in tuple(_LOCKS):
        lock.close()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_in_a_fork)
