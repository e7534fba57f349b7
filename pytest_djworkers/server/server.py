"""The life of one running backend: launched, ready, stopped, never left behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from pytest_djworkers.backends.backlog import effective_backlog
from pytest_djworkers.backends.capacity import max_connections
from pytest_djworkers.backends.protocol import Backend, LaunchPlan, workers_of
from pytest_djworkers.backends.registry import version_of
from pytest_djworkers.backends.spec import spec_of
from pytest_djworkers.entry.apply_test_changes import differing_settings_folder
from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.generator import Target, lack_of_descriptors
from pytest_djworkers.server.diagnosis import why_not_started, why_requests_failed
from pytest_djworkers.server.launch import LaunchSpec, start_process
from pytest_djworkers.server.probe import probe
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.ready import ReadySocket, other_listeners
from pytest_djworkers.server.usage import UsageWatch
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.cpu_time import CpuSnapshot
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.machine_lock import Lock
from pytest_djworkers.system.os_errors import explain_os_errors
from pytest_djworkers.system.port import HOST
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.session_members import cpu_used, session_members

_LOOKS = 3

Prepare = Callable[[LaunchSpec], LaunchSpec]
"""Called before each launch, while nothing is running: seeds the databases, and returns the spec
with what has changed since the last launch."""


class Server:
    """One running backend: its processes, address and log."""

    host = HOST

    def __init__(
        self, backend: Backend, spec: LaunchSpec, lock: Lock, *, prepare: Prepare | None = None
    ) -> None:
        self._backend = backend
        self._spec = spec
        self._lock = lock
        self._prepare = prepare
        self._process: GuardedProcess | None = None
        self._facts: ServerFacts | None = None
        self._workers: frozenset[int] = frozenset()
        self.interim: tuple[int, ...] = ()
        """The statuses that came before the last probe's response, such as 103."""
        self.log: Path = spec.folder / f"{backend.about.name}.log"
        """The file with the standard output and standard error of the last launch."""
        self.strays: Path = spec.strays
        """The file in which its processes report code that they have loaded from another tree."""

    @property
    def backend(self) -> str:
        """The backend's name, with its settings."""
        return spec_of(self._backend)

    @property
    def port(self) -> int:
        """The port it listens on, the same for every launch."""
        return self._spec.port

    @property
    def url(self) -> str:
        """``http://host:port``, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def pids(self) -> frozenset[int]:
        """The live processes of its session: the master and the workers."""
        if self._process is None or self._process.pid is None:
            return frozenset()
        return session_members(self._process.pid)

    def cpu_used(self) -> CpuSnapshot | None:
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
        spec = self._spec
        return Target(
            address=(self.host, self.port),
            folder=spec.folder,
            watch=spec.watch,
            workers=workers_of(self._backend, spec.workers),
            startup_timeout_s=spec.startup_timeout_s,
            backlog=self.backlog,
        )

    @property
    def other_settings(self) -> tuple[str, ...]:
        """The settings of which the site's module makes others in the server than in this process;
        not those that differ from worker to worker."""
        files = differing_settings_folder(self._spec.folder).glob("*")
        told = [set(json.loads(file.read_text()).items()) for file in files]
        return tuple(sorted(name for name, _ in set.intersection(*told))) if told else ()

    @property
    def ended(self) -> str | None:
        """How it ended by itself, with what its log says of that; None while it runs."""
        status = None if self._process is None else self._process.status
        return None if status is None else f"exit status {status}{self._told()}"

    def launch(self, needs: BurstNeeds) -> None:
        """Start it anew, and wait until it is ready for a burst with these needs.

        Raises ServerStartError if it may open too few files, dies, is not ready within the
        start-up timeout, or shares its port; ProbeError if its response to the probe is not an
        expected one; and BusyMachineError if another run's burst does not end.
        """
        self.stop()
        spec = self._spec if self._prepare is None else self._prepare(self._spec)
        # No server spreads connections evenly: any of its processes may get nearly all of them.
        if reason := lack_of_descriptors(needs.connections):
            raise ServerStartError(f"{self.backend} can't be started: {reason}")
        self._lock.acquire()
        began = CLOCK.monotonic()
        deadline = began + spec.startup_timeout_s
        workers = workers_of(self._backend, spec.workers)
        plan = LaunchPlan(self.host, spec.port, workers, needs.connections)
        with self._stopped_on_failure(deadline):
            self._start(spec, plan, needs, deadline)
        self._facts = ServerFacts(
            backend=self.backend,
            version=version_of(self._backend),
            workers=plan.workers,
            options=self._backend.options(plan),
            launch_s=CLOCK.monotonic() - began,
            backlog=effective_backlog(self._backend, plan),
            max_connections=max_connections(self._backend, plan),
        )

    def watched(self) -> UsageWatch:
        """What looks at what it uses, while entered. It must run."""
        assert self._process is not None
        assert self._process.pid is not None
        return UsageWatch(self._process.pid, self._workers, self.log)

    def stop(self) -> None:
        """End it, and everything it started."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        self._lock.release()

    def _start(
        self, spec: LaunchSpec, plan: LaunchPlan, needs: BurstNeeds, deadline: float
    ) -> None:
        """Start the processes, and wait until they serve."""
        with self._refusals_in_words():
            ready = ReadySocket(spec.folder / "ready")
        with closing(ready):
            with self._refusals_in_words():
                process = start_process(self._backend, spec, plan, log=self.log, ready=ready.path)
            self._process = process
            ready.wait(process, workers=plan.workers, deadline=deadline)
            self._refuse_other_listeners()
            self.interim = probe(
                [(plan.host, plan.port)],
                needs.probe,
                process,
                any_response=needs.any_response,
                deadline=deadline,
            ).interim
            # Read once more: a master that loads the site before it forks can be told from a worker
            # only when one of its forks has handled a request.
            self._workers = ready.workers(process, plan.workers)

    def _refusals_in_words(self) -> AbstractContextManager[None]:
        return explain_os_errors(f"{self.backend} can't be started", self._spec.folder)

    @contextmanager
    def _stopped_on_failure(self, deadline: float) -> Iterator[None]:
        """Stop it if anything is raised; what a user can act on says more of why."""
        try:
            yield
        except ProbeError as error:
            self.stop()
            raise ProbeError(f"{self.backend}: {error}{self._told()}", error.status) from None
        except ServerStartError as error:
            self.stop()
            limit = f"--djworkers-startup-timeout={self._spec.startup_timeout_s:g}s"
            within = f" (within {limit})" if CLOCK.monotonic() >= deadline else ""
            raise ServerStartError(
                f"{self.backend} did not start: {error}{within}{self._told(why_not_started)}"
            ) from None
        except BaseException:
            self.stop()
            raise

    def _refuse_other_listeners(self) -> None:
        # Looked at more than once: a socket that begins to listen between the two lists that a
        # look is made of seems to be nobody's.
        for _ in range(_LOOKS):
            others = other_listeners(self.port, self.pids)
            if not others:
                return
        raise ServerStartError(
            f"port {self.port} is also {' and '.join(others)}'s, which would get a part of"
            " the requests: end it"
        )

    def _told(self, reasons: Callable[[Path], list[str]] = why_requests_failed) -> str:
        """What its log says, and what is known of that."""
        return "".join(f"\n{reason}" for reason in reasons(self.log)) + tail(self.log)
