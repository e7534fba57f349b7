"""The state of a run in one pytest process: its settings, and what its servers share."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pytest_djworkers.baseline.machine import this_machine
from pytest_djworkers.baseline.store import Baseline, load
from pytest_djworkers.databases.checks import TestDatabases
from pytest_djworkers.entry.changed_settings import own_values
from pytest_djworkers.entry.isolation import Isolation, named_in
from pytest_djworkers.errors import BaselineError, GeneratorError, SettingsError
from pytest_djworkers.load.gateways import Gateways
from pytest_djworkers.progress import NO_SINK, ProgressSink
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.references import References
from pytest_djworkers.run.site.django_settings import settings_module
from pytest_djworkers.run.xdist import XdistWorker
from pytest_djworkers.server.external import ExternalServer
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.launch_hooks import NO_HOOKS, LaunchHooks
from pytest_djworkers.server.protocol import AnyServer
from pytest_djworkers.server.runtime import this_runtime
from pytest_djworkers.server.server import Prepare, Server
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.long_waits import Onlooker, say_nothing
from pytest_djworkers.system.machine_lock import Lock, MachineLock
from pytest_djworkers.system.port import ReservedPort
from pytest_djworkers.system.run_lock import RunLock
from pytest_djworkers.system.scratch import ScratchFolder

if TYPE_CHECKING:
    from pytest_djworkers.compare.setup import ComparisonSetup
    from pytest_djworkers.compare.sides import Prepared
    from pytest_djworkers.server.certificate import Certificate


class RunContext:
    """Holds the settings and the baseline, and makes the folder and the port when they are needed.

    A run that skips or deselects its load tests makes neither.
    """

    def __init__(
        self,
        settings: Settings,
        baseline: Baseline,
        xdist: XdistWorker | None,
        comparison_setup: ComparisonSetup | None,
        onlooker: Onlooker | None = None,
        progress: ProgressSink = NO_SINK,
    ) -> None:
        self.settings = settings
        self.baseline = baseline
        self.began_at = CLOCK.unix()
        """The beginning of the run in Unix time."""
        self.xdist = xdist
        """This process's part in a run of pytest-xdist; None if it is no worker."""
        self.comparison_setup = comparison_setup
        """Prepares the arms, in a run that compares; else None."""
        self.progress = progress
        self.cut_short: list[BurstRecord] = []
        """The comparisons that Ctrl-C or SIGTERM ended, as far as they had come."""
        self.databases = TestDatabases(settings.left_out)
        self.references = References()
        self._say = say_nothing if onlooker is None else onlooker.say
        self._resources = ExitStack()
        machine = MachineLock(onlooker=onlooker)
        self.beside: RunLock | None = None
        """The lock that keeps the tests of pytest-xdist's workers apart from bursts; None if this
        process is no worker."""
        if xdist is not None:
            self.beside = RunLock(xdist.folder, xdist.name, machine, onlooker)
            self._resources.callback(self.beside.close)
        self._lock: Lock = self.beside or machine
        # Several runs may share one cache server: their keys must not meet.
        self._id = secrets.token_hex(4)
        self._isolations = 0

    @classmethod
    def begin(
        cls,
        settings: Settings,
        xdist: XdistWorker | None = None,
        onlooker: Onlooker | None = None,
        kept: Callable[[], Path] | None = None,
        progress: ProgressSink = NO_SINK,
    ) -> Self:
        """Read the baseline, and find the base if the run compares, before any server starts.

        ``onlooker`` is told when a burst has to wait for another run's. ``kept`` returns the folder
        that keeps what is built for comparisons. ``progress`` is told what happens to each burst.
        Raises SettingsError if the baseline can't be read, or there is no such base.
        """
        try:
            baseline = load(settings.root, settings.baseline, this_machine())
        except BaselineError as error:
            raise SettingsError(str(error)) from None
        comparison_setup = _begin_comparison(settings, kept)
        return cls(settings, baseline, xdist, comparison_setup, onlooker, progress)

    def isolation(self) -> Isolation:
        """Return the place for what a test and its servers write, with a new prefix of cache keys.

        All tests of a run write files in one folder, as they write rows in one database.
        """
        self._isolations += 1
        return Isolation(
            str(self.folder / "files"),
            f"djworkers-{self._id}-{self._isolations}:",
            tuple(sorted(named_in(own_values(settings_module())))),
        )

    @cached_property
    def folder(self) -> Path:
        """The folder for logs, sockets and databases, which is removed when the run ends."""
        scratch = ScratchFolder()
        self._resources.callback(scratch.remove)
        return scratch.path

    @cached_property
    def workers_folder(self) -> Path:
        """The folder that the workers of pytest-xdist share, in a controller."""
        folder = self.folder / "xdist"
        folder.mkdir()
        return folder

    @cached_property
    def _port(self) -> int:
        port = ReservedPort(self.settings.bind)
        self._resources.callback(port.release)
        return port.number

    @cached_property
    def gateways(self) -> Gateways | None:
        """The gateways to agents on other machines, which end with the run; None without any."""
        specs = self.settings.agents.remote
        if not specs:
            return None
        # Their logs are in the folder, which is made first, and so is removed last.
        gateways = Gateways(specs, self.folder, self._watch)
        self._resources.callback(gateways.close)
        return gateways

    def leave_gateways(self) -> None:
        """Close the gateways after a burst, if another pytest-xdist worker may need them next."""
        if self.xdist is not None and self.gateways is not None:
            # A socket server serves one process at a time.
            self.gateways.close()

    def make_ready(self) -> Prepared | None:
        """Make what a comparison is made with, and open the gateways to agents on other machines.

        Return what the arms of a comparison have in common; None in a run without one. Raises
        SettingsError if something is missing.
        """
        try:
            if self.gateways is not None:
                self.gateways.open()
        except GeneratorError as error:
            raise SettingsError(str(error)) from None
        setup = self.comparison_setup
        return None if setup is None else setup.make_ready(self.launch_spec())

    def server(self, backend: str, prepare: Prepare | None, hooks: LaunchHooks) -> AnyServer:
        """Return a server of this backend, not yet launched, or the external one.

        ``prepare`` is called before each launch; nothing is prepared for an external server.
        ``hooks`` are called with it.
        """
        settings = self.settings
        if settings.origin is not None:
            return ExternalServer(
                settings.origin,
                self._lock,
                folder=self.folder,
                startup_timeout_s=settings.startup_timeout_s,
                watch=self._watch,
                progress=self.progress,
                hooks=hooks,
            )
        spec = self.launch_spec(hooks)
        return Server(settings.backends[backend], spec, self._lock, prepare=prepare)

    def launch_spec(self, hooks: LaunchHooks = NO_HOOKS) -> LaunchSpec:
        """Return what this run's servers have in common; the databases are not known yet."""
        settings = self.settings
        return LaunchSpec(
            settings_module=settings.settings_module or settings_module(),
            folder=self.folder,
            host=settings.bind,
            certificate=self._certificate,
            on_unix_socket=settings.on_unix_socket,
            port=self._port,
            workers=settings.workers,
            startup_timeout_s=settings.startup_timeout_s,
            runtime=this_runtime(settings.started_in),
            application=settings.application,
            left_out=self.databases.left_out,
            counts_queries=settings.counts_queries,
            watch=self._watch,
            hooks=hooks,
            say=self._say,
            progress=self.progress,
        )

    @cached_property
    def _certificate(self) -> Certificate | None:
        """The certificate of the run's servers; None without TLS."""
        tls = self.settings.tls
        if tls is None:
            return None
        if tls.given is not None:
            return tls.given
        # Only such runs wait for it.
        from pytest_djworkers.server.certificate import make_certificate

        return make_certificate(self.folder, self.settings.bind)

    @property
    def _watch(self) -> tuple[int, ...]:
        # A worker may be killed with its controller; its servers must not outlive either.
        return () if self.xdist is None else (self.xdist.controller_pid,)

    @contextmanager
    def machine(self) -> Iterator[None]:
        """Hold the machine while entered, for servers side by side. Raises BusyMachineError."""
        self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def end(self) -> None:
        """Release the port, and remove the base's worktree and the folder."""
        # The worktree is in the folder, so it goes first: git must know that it is gone.
        with self._resources:
            if self.comparison_setup is not None:
                self.comparison_setup.end()


def _begin_comparison(
    settings: Settings, kept: Callable[[], Path] | None
) -> ComparisonSetup | None:
    flags = settings.comparison_flags
    if flags is None:
        return None
    # Other runs don't wait for its modules.
    from pytest_djworkers.compare.setup import ComparisonSetup

    return ComparisonSetup.begin(
        flags, settings.root, settings.started_in, tuple(settings.backends.values()), kept
    )
