"""What one pytest process holds while the plugin is on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_djworkers.baseline.machine import this_machine
from pytest_djworkers.baseline.store import Baseline, load
from pytest_djworkers.compare.setup import ComparisonSetup
from pytest_djworkers.databases.checks import TestDatabases
from pytest_djworkers.entry.changed_settings import own_values
from pytest_djworkers.entry.isolation import Isolation, named_in
from pytest_djworkers.errors import BaselineError, SettingsError
from pytest_djworkers.run.site.changed_settings import settings_module
from pytest_djworkers.server.external import ExternalServer
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import AnyServer
from pytest_djworkers.server.runtime import this_runtime
from pytest_djworkers.server.server import Prepare, Server
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.system.long_waits import say_nothing
from pytest_djworkers.system.machine_lock import MachineLock, Onlooker
from pytest_djworkers.system.port import ReservedPort
from pytest_djworkers.system.scratch import ScratchFolder


@dataclass(frozen=True, slots=True)
class Xdist:
    """What this process knows of pytest-xdist."""

    controller_pid: int | None = None
    """In a worker: the process that it must not outlive."""
    workers: int = 1


class RunContext:
    """The settings, and what is made when a first burst needs it."""

    def __init__(
        self,
        settings: Settings,
        baseline: Baseline,
        xdist: Xdist,
        comparison_setup: ComparisonSetup | None,
        onlooker: Onlooker | None = None,
    ) -> None:
        self.settings = settings
        self.baseline = baseline
        self.xdist = xdist
        self.comparison_setup = comparison_setup
        """Where this run compares two arms, instead of firing bursts."""
        self.databases = TestDatabases(settings.left_out)
        self._lock = MachineLock(onlooker=onlooker)
        self._say = say_nothing if onlooker is None else onlooker.say
        self._id = secrets.token_hex(4)
        self._isolations = 0

    @classmethod
    def begin(
        cls, settings: Settings, xdist: Xdist, onlooker: Onlooker | None = None
    ) -> RunContext:
        """Read the baseline, or find the base of a comparison, before any server starts.
        ``onlooker`` is told when the run has to wait for its turn.

        Raises SettingsError when it can't.
        """
        try:
            baseline = load(settings.root, settings.baseline, this_machine())
        except BaselineError as error:
            raise SettingsError(str(error)) from None
        comparison_flags = settings.comparison_flags
        comparison_setup = (
            None
            if comparison_flags is None
            else ComparisonSetup.begin(comparison_flags, settings.root)
        )
        return cls(settings, baseline, xdist, comparison_setup, onlooker)

    @property
    def is_shared(self) -> bool:
        """Whether other pytest-xdist workers run beside this one."""
        return self.xdist.workers > 1

    @cached_property
    def _scratch(self) -> ScratchFolder:
        return ScratchFolder()

    def isolation(self) -> Isolation:
        """Where a test and its servers write; the files are the run's, as the rows are."""
        self._isolations += 1
        return Isolation(
            str(self.folder / "files"),
            f"djworkers-{self._id}-{self._isolations}:",
            tuple(sorted(named_in(own_values(settings_module())))),
        )

    @property
    def folder(self) -> Path:
        """For logs, sockets and databases; gone when the run ends."""
        return self._scratch.path

    @cached_property
    def _port(self) -> ReservedPort:
        return ReservedPort()

    def server(self, backend: str, prepare: Prepare | None) -> AnyServer:
        """Return a server of this backend, not yet launched, or the external one.

        ``prepare`` is called before each launch; nothing is prepared for an external server.
        """
        settings = self.settings
        if settings.origin is not None:
            return ExternalServer(
                settings.origin,
                self._lock,
                folder=self.folder,
                startup_timeout_s=settings.startup_timeout_s,
                watch=self._watch,
            )
        return Server(settings.backends[backend], self.launch_spec(), self._lock, prepare=prepare)

    def launch_spec(self) -> LaunchSpec:
        """Return what this run's servers have in common; the databases are not known yet."""
        settings = self.settings
        return LaunchSpec(
            settings_module=settings.settings_module or settings_module(),
            folder=self.folder,
            port=self._port.number,
            workers=settings.workers,
            startup_timeout_s=settings.startup_timeout_s,
            runtime=this_runtime(settings.started_in),
            application=settings.application,
            left_out=self.databases.left_out,
            watch=self._watch,
            say=self._say,
        )

    @property
    def _watch(self) -> tuple[int, ...]:
        controller = self.xdist.controller_pid
        return () if controller is None else (controller,)

    @contextmanager
    def machine(self) -> Iterator[None]:
        """Hold the machine for servers that run side by side. Raises BusyMachineError."""
        self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def is_orphaned(self) -> bool:
        """Whether the pytest-xdist controller is gone, and this worker should go too."""
        return self.xdist.controller_pid is not None and os.getppid() != self.xdist.controller_pid

    def end(self) -> None:
        """Give everything back."""
        if self.comparison_setup is not None:
            self.comparison_setup.end()
        if "_port" in self.__dict__:
            self._port.release()
        if "_scratch" in self.__dict__:
            self._scratch.remove()
