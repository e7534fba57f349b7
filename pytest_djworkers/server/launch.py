"""A server's life: launched, ready, stopped, never left behind."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pytest_djworkers.backends.backlog import accept_queue
from pytest_djworkers.backends.capacity import held
from pytest_djworkers.backends.protocol import Backend, LaunchPlan, workers_of
from pytest_djworkers.backends.registry import version_of
from pytest_djworkers.backends.spec import spec_of
from pytest_djworkers.databases.sessions import application_name
from pytest_djworkers.entry.apart import differing_files
from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief, DatabaseTarget
from pytest_djworkers.entry.carried import Carried
from pytest_djworkers.entry.hook import STARTUP
from pytest_djworkers.entry.isolation import Isolation
from pytest_djworkers.errors import ProbeError, ServerDiedError, ServerStartError
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.generator import Target, lack_of_descriptors
from pytest_djworkers.load.profile import Request
from pytest_djworkers.server.probe import probe
from pytest_djworkers.server.ready import ReadySocket, strangers
from pytest_djworkers.server.reasons import reasons_at_start, reasons_of_requests
from pytest_djworkers.server.runtime import Home, this_home
from pytest_djworkers.server.usage import UsageWatch
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.cpu_account import Snapshot
from pytest_djworkers.system.environment import child_environment
from pytest_djworkers.system.lock import Lock
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.members import cpu_used, session_members
from pytest_djworkers.system.patience import Say, say_nothing
from pytest_djworkers.system.port import HOST
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.refusals import refusals_in_words

_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Site:
    """What to serve, and from which databases."""

    settings_module: str
    databases: Mapping[str, DatabaseTarget]
    home: Home | None = None
    """None where it is this process's own."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """More variables for its servers."""
    isolation: Isolation | None = None
    """Where it writes."""
    carried: Carried = field(default_factory=Carried)
    """What tests have changed of its settings."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a run launches its servers."""

    folder: Path
    """For the log, the brief and the ready socket; its path must be short."""
    port: int
    workers: int
    """Of a backend that does not say otherwise."""
    startup_timeout_s: float
    watch: tuple[int, ...] = ()
    started_in: Path = field(default_factory=Path.cwd)
    """The folder that pytest was started in, which is the servers' current one."""
    application: str | None = None
    """The application that is served, as MODULE:ATTRIBUTE; None for what the site has."""
    left_out: tuple[str, ...] = ()
    """Aliases that no site may connect to."""
    say: Say = say_nothing
    """Tells the user what is waited for."""


class Server:
    """One running backend: its processes, address and log."""

    host = HOST

    def __init__(self, backend: Backend, place: Place, lock: Lock) -> None:
        self._backend = backend
        self._place = place
        self._lock = lock
        self._process: GuardedProcess | None = None
        self._facts: ServerFacts | None = None
        self._workers: frozenset[int] = frozenset()
        self.interim: tuple[int, ...] = ()
        """The statuses that came before the last probe's response, such as 103."""
        self.log: Path = place.folder / f"{backend.about.name}.log"
        """Its standard output and standard error; one launch's, until the next."""
        self.strays: Path = place.folder / "strays"
        """What its processes have told of another tree's code; one launch's, as the log."""

    @property
    def backend(self) -> str:
        """The backend's name, with its settings."""
        return spec_of(self._backend)

    @property
    def port(self) -> int:
        """The port it listens on, the same for every launch."""
        return self._place.port

    @property
    def url(self) -> str:
        """``http://host:port``, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def has_launched(self) -> bool:
        """Whether it ever got ready, so that its log says something about a burst."""
        return self._facts is not None

    @property
    def pids(self) -> frozenset[int]:
        """The live processes of its session: the master and the workers."""
        if self._process is None or self._process.pid is None:
            return frozenset()
        return session_members(self._process.pid)

    def cpu_used(self) -> Snapshot | None:
        """What its processes have used up to now; None where that can't be told finely."""
        if self._process is None or self._process.pid is None:
            return None
        return cpu_used(self._process.pid)

    @property
    def workers(self) -> frozenset[int]:
        """The processes of the last launch that loaded the site, and said so."""
        return self._workers

    @property
    def backlog(self) -> int | None:
        """How many connections may wait to be accepted by the last launch; more at a time are
        dropped, and come again a second later. None where that is not known."""
        return None if self._facts is None else self._facts.backlog

    @property
    def facts(self) -> ServerFacts | None:
        """What is known of the last launch; None before the first."""
        return self._facts

    @property
    def target(self) -> Target:
        """Where a generator finds it."""
        place = self._place
        return Target(
            address=(self.host, self.port),
            folder=place.folder,
            watch=place.watch,
            workers=workers_of(self._backend, place.workers),
            startup_timeout_s=place.startup_timeout_s,
            backlog=self.backlog,
        )

    @property
    def other_settings(self) -> tuple[str, ...]:
        """The settings of which the site's module makes others in the server than in this process;
        not those that differ from worker to worker."""
        files = differing_files(self._place.folder).glob("*")
        told = [set(json.loads(file.read_text()).items()) for file in files]
        return tuple(sorted(name for name, _ in set.intersection(*told))) if told else ()

    def launch(
        self, site: Site, *, connections: int, probe_with: Request, any_answer: bool = False
    ) -> None:
        """Start it anew, and wait until it is ready to hold that many connections.

        Raises ServerStartError when it may open too few files for them, dies, is not ready within
        the start-up timeout, or shares its port; ProbeError when it answers, but not as expected;
        BusyMachineError when another run's burst does not end.
        """
        self.stop()
        # No server spreads connections evenly: any of its processes may get nearly all of them.
        if reason := lack_of_descriptors(connections):
            raise ServerStartError(f"{self.backend} can't be started: {reason}")
        self._lock.acquire()
        began = CLOCK.monotonic()
        deadline = began + self._place.startup_timeout_s
        workers = workers_of(self._backend, self._place.workers)
        plan = LaunchPlan(self.host, self.port, workers, connections)
        try:
            with refusals_in_words(f"{self.backend} can't be started", self._place.folder):
                ready = ReadySocket(self._place.folder / "ready")
            with closing(ready):
                with refusals_in_words(f"{self.backend} can't be started", self._place.folder):
                    process = self._started(site, plan, ready.path)
                ready.wait(process, workers=workers, deadline=deadline)
                self._refuse_strangers()
                self.interim = probe(
                    [(self.host, self.port)],
                    probe_with,
                    process,
                    any_answer=any_answer,
                    deadline=deadline,
                ).interim
                # A master that had loaded the site is known for one when a fork of it answers.
                self._workers = ready.workers(process, workers)
        except ProbeError as error:
            self.stop()
            raise ProbeError(f"{self.backend}: {error}{self._told()}", error.status) from None
        except ServerStartError as error:
            self.stop()
            limit = f"--djworkers-startup-timeout={self._place.startup_timeout_s:g}s"
            within = f" (within {limit})" if CLOCK.monotonic() >= deadline else ""
            raise ServerStartError(
                f"{self.backend} did not start: {error}{within}{self._told(reasons_at_start)}"
            ) from None
        except BaseException:
            self.stop()
            raise
        self._facts = ServerFacts(
            backend=self.backend,
            version=version_of(self._backend),
            workers=plan.workers,
            options=self._backend.options(plan),
            launch_s=CLOCK.monotonic() - began,
            backlog=accept_queue(self._backend, plan),
            max_connections=held(self._backend, plan),
        )

    def watched(self) -> UsageWatch:
        """What looks at what it uses, while entered. It must run."""
        assert self._process is not None
        assert self._process.pid is not None
        return UsageWatch(self._process.pid, self._workers, self.log)

    def check_alive(self, burst: str) -> None:
        """Raise ServerDiedError when it has ended, though nobody ended it."""
        status = None if self._process is None else self._process.status
        if status is not None:
            raise ServerDiedError(
                f"{self.backend} died during {burst} (exit status {status}){self._told()}"
            )

    def stop(self) -> None:
        """End it, and everything it started."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        self._lock.release()

    def _started(self, site: Site, plan: LaunchPlan, ready: Path) -> GuardedProcess:
        self.log.unlink(missing_ok=True)
        self.strays.unlink(missing_ok=True)
        shutil.rmtree(differing_files(self._place.folder), ignore_errors=True)
        brief = self._place.folder / "brief.json"
        home = site.home or this_home(self._place.started_in)
        tree = None if home.tree is None else str(home.tree)
        command = self._backend.command(home.python, plan)
        Brief(
            site.settings_module,
            site.databases,
            str(ready),
            tree=tree,
            bounds=home.bounds(self.strays, command),
            application=self._place.application,
            left_out=self._place.left_out,
            search_path=home.module_path,
            isolation=site.isolation,
            carried=site.carried,
        ).write(brief)
        environment = child_environment(
            self._backend.about.scrubbed,
            **{
                **home.environment,
                "DJANGO_SETTINGS_MODULE": site.settings_module,
                "PGAPPNAME": application_name(),
                "PYTHONPATH": os.pathsep.join((STARTUP, home.start_path)),
                **site.environment,
                ENVIRONMENT_KEY: str(brief),
            },
        )
        self._process = GuardedProcess(
            command,
            log=self.log,
            environment=environment,
            watch=self._place.watch,
            folder=home.folder,
        )
        return self._process

    def _refuse_strangers(self) -> None:
        # Looked at more than once: a socket that begins to listen between the two lists that a
        # look is made of seems to be nobody's.
        for _ in range(_LOOKS):
            others = strangers(self.port, self.pids)
            if not others:
                return
        raise ServerStartError(
            f"port {self.port} is also {' and '.join(others)}'s, which would get a part of"
            " the requests: end it"
        )

    def _told(self, reasons: Callable[[Path], list[str]] = reasons_of_requests) -> str:
        """What its log says, and what is known of that."""
        return "".join(f"\n{reason}" for reason in reasons(self.log)) + tail(self.log)
