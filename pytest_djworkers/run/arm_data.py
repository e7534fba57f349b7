"""The databases and files of a comparison's arms: fresh copies for each launch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import count
from typing import Self

from pytest_djworkers.compare.arm_files import copy_arm_files
from pytest_djworkers.compare.arms import NAMES, Arm, Databases
from pytest_djworkers.databases.copies import copies_of, copy_databases, drop_copies
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.users.cached import CachedSessions

_OWN = "own"
"""The name, beside those of the arms, of the databases that base's code has made."""


class ArmData:
    """Gives each arm copies of what the test has prepared. A context manager, which drops them.

    ``unblocked`` returns a context manager that lets this process use databases while it is
    entered. ``sessions`` are those that each arm needs in its cache.
    """

    def __init__(
        self,
        spec: LaunchSpec,
        unblocked: Callable[[], AbstractContextManager[None]],
        sessions: CachedSessions | None = None,
    ) -> None:
        assert spec.isolation is not None
        self._folder = spec.folder
        self._unblocked = unblocked
        self._sessions = sessions
        self._databases = dict.fromkeys(NAMES, spec.databases)
        self._files = dict.fromkeys(NAMES, spec.isolation)
        self._own_files = replace(spec.isolation, folder=str(spec.folder / "own-files"))
        self._own = copies_of(spec.databases, _OWN, spec.folder)
        # Base's own databases are dropped at the end, made or not: a run that was killed may have
        # left some of the same names.
        self._to_drop: dict[str, Databases] = {_OWN: self._own}
        self._launches = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._unblocked():
            drop_copies(self._to_drop.values())

    def copy_for(self, arm: Arm) -> Arm:
        """Return the arm with databases and files of its own, in place of those that it had."""
        name, folder = arm.name, self._folder / arm.name
        folder.mkdir(exist_ok=True)
        with self._unblocked():
            self._to_drop[name] = copy_databases(self._databases[name], name, folder)
        files = copy_arm_files(self._files[name], name, folder, next(self._launches))
        if self._sessions is not None:
            self._sessions.copy_to(files)
        return replace(arm, databases=self._to_drop[name], isolation=files)

    def own_of(self, arm: Arm) -> Arm:
        """Return the arm with the databases and files that its own code is to make."""
        self._own_files.make()
        self._files[arm.name] = self._own_files
        return replace(arm, databases=self._own, isolation=self._own_files)

    def use_own(self, name: str, made: Databases) -> None:
        """Copy these databases, which an arm's own code has made, for its launches from now on."""
        self._databases[name] = made
