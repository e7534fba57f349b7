"""The life of one running backend: launched, ready, stopped, never left behind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.backends.backlog import effective_backlog
from pytest_djworkers.backends.capacity import max_connections
from pytest_djworkers.backends.protocol import Backend, LaunchPlan, workers_of
from pytest_djworkers.backends.registry import version_of
from pytest_djworkers.backends.spec import spec_of
from pytest_djworkers.entry.apply_test_changes import differing_settings_folder
from pytest_djworkers.entry.proxy_header import reported_proxy_header
from pytest_djworkers.entry.sampling import Counting, Sampling
from pytest_djworkers.entry.stack_sampling import StackSampling
from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.generator import Target, hard_limit, lack_of_descriptors
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.route import Route
from pytest_djworkers.progress import Phase
from pytest_djworkers.server.diagnosis import explain_failed_requests, explain_failed_start
from pytest_djworkers.server.launch import LaunchSpec, start_process
from pytest_djworkers.server.probe import ProbeResult, probe
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.ready import ReadySocket, refuse_other_listeners
from pytest_djworkers.server.usage import UsageWatch
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.cpu_time import CpuSnapshot
from pytest_djworkers.system.log import last_lines, size_of
from pytest_djworkers.system.machine_lock import Lock
from pytest_djworkers.system.os_errors import explain_os_errors
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.session_members import cpu_used, session_members

Prepare = Callable[[LaunchSpec], LaunchSpec]
"""A function that is called before each launch, while no server is running: it seeds the databases,
and returns the spec with what has changed since the last launch."""


@dataclass(frozen=True, slots=True)
class _Start:
    """A launch under way: the processes are started, and not known to be ready."""

    plan: LaunchPlan
    needs: BurstNeeds
    began_s: float
    deadline: float
    ready: ReadySocket


class Server:
    """One running backend: its processes, address and log."""

    def __init__(
        self, backend: Backend, spec: LaunchSpec, lock: Lock, *, prepare: Prepare | None = None
    ) -> None:
        self._backend = backend
        self._spec = spec
        self._lock = lock
        self._prepare = prepare
        self._process: GuardedProcess | None = None
        self._facts: ServerFacts | None = None
        self._start: _Start | None = None
        self._workers: frozenset[int] = frozenset()
        self._proxy_headers: tuple[tuple[str, str], ...] = ()
        """The headers that the site expects of its proxy."""
        self.probed: ProbeResult | None = None
        """The response to the last launch's probe; None before the first."""
        self.log: Path = spec.folder / f"{backend.about.name}.log"
        """The file with the standard output and standard error of the last launch."""
        self._log_at_start = 0
        """The length of the log when the last launch was ready, in bytes."""
        self._prepared: LaunchSpec | None = None
        """The spec of the next launch, if the site has been prepared for it."""
        self.sampling: Sampling | None = None
        """The way to send requests whose queries the last launch counts; None if it counts none."""
        self.counting: Counting | None = None
        """The way to send requests whose calls the last launch counts; None if it counts none."""
        self.stacks: StackSampling | None = None
        """The place where the last launch's processes tell the stacks of their requests; None if
        they don't."""
        self.strays: Path = spec.strays
        """The file in which its processes report code that they have loaded from another tree."""

    @property
    def backend(self) -> str:
        """The backend's name, with its settings."""
        return spec_of(self._backend)

    @property
    def arm(self) -> str:
        """The arm of a comparison that it is launched for, ``base`` or ``head``; else empty."""
        return self._spec.arm

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._spec.host

    @property
    def port(self) -> int:
        """The port that it listens on, the same for every launch."""
        return self._spec.port

    @property
    def url(self) -> str:
        """``http://host:port``, or https, without a slash at the end; ``unix:path`` for a Unix
        socket."""
        if unix_socket := self._spec.unix_socket:
            return f"unix:{unix_socket}"
        return f"{self._route.scheme}://{self.host}:{self.port}"

    @property
    def pids(self) -> frozenset[int]:
        """The live processes of its session: the master and the workers."""
        if self._process is None or self._process.pid is None:
            return frozenset()
        return session_members(self._process.pid)

    def cpu_used(self) -> CpuSnapshot | None:
        """Return the CPU time that its processes have used up to now.

        None if it is not running, or if the kernel's clocks are too coarse for a short window.
        """
        if self._process is None or self._process.pid is None:
            return None
        return cpu_used(self._process.pid)

    @property
    def workers(self) -> frozenset[int]:
        """The ids of the processes that serve, as they reported themselves at the last launch."""
        return self._workers

    @property
    def backlog(self) -> int | None:
        """The number of connections that may wait to be accepted; None if it is not known.

        The kernel drops further ones, and their clients try again a second later.
        """
        return None if self._facts is None else self._facts.backlog

    @property
    def facts(self) -> ServerFacts | None:
        """The facts about the last launch; None before the first."""
        return self._facts

    @property
    def target(self) -> Target:
        """The address that a generator fires at, with what it must know of the server."""
        spec = self._spec
        return Target(
            address=(self.host, self.port),
            folder=spec.folder,
            watch=spec.watch,
            workers=workers_of(self._backend, spec.workers),
            startup_timeout_s=spec.startup_timeout_s,
            backlog=self.backlog,
            route=self._route,
        )

    @property
    def _route(self) -> Route:
        certificate = self._spec.certificate
        # Over TLS, the site sees it for itself.
        if certificate is not None:
            return certificate.route
        return Route(unix_socket=self._spec.unix_socket, headers=self._proxy_headers)

    @property
    def interim(self) -> tuple[int, ...]:
        """The statuses that came before the last probe's response, such as 103."""
        return () if self.probed is None else self.probed.interim

    @property
    def other_settings(self) -> tuple[str, ...]:
        """The names of the settings that have another value in the server than in this process.

        A setting that differs between the workers, too, such as a random key, is not among them.
        """
        files = differing_settings_folder(self._spec.folder).glob("*")
        reports = [set(json.loads(file.read_text()).items()) for file in files]
        # The pairs of a name and a value that all workers have in common.
        common = set.intersection(*reports) if reports else set()
        return tuple(sorted(name for name, _ in common))

    @property
    def ended(self) -> str | None:
        """The exit status of a server that ended by itself, with what its log says of it, in words;
        None while it runs, and after ``stop``."""
        status = None if self._process is None else self._process.status
        return None if status is None else f"exit status {status}{self._why_requests_failed()}"

    def last_said(self) -> list[str]:
        """Return the last lines of its log that it wrote since the last launch was ready; none if
        it has never been."""
        # Before its first launch, the file has the log of an earlier test's server.
        return [] if self._facts is None else last_lines(self.log, since=self._log_at_start)

    def prepare(self) -> LaunchSpec:
        """End it, prepare the site for the next launch, and return that launch's spec.

        ``launch`` does so itself if nobody has. Raises what ``prepare`` of the server raises.
        """
        # Before the rows are made: what still runs may be working off its queue, and write.
        self._spec.progress.begin(Phase("stop"))
        self.stop()
        self._prepared = self._spec if self._prepare is None else self._prepare(self._spec)
        return self._prepared

    def launch(self, needs: BurstNeeds) -> None:
        """Start it anew, and wait until it is ready for a burst with these needs.

        Raises ServerStartError if it may open too few files, dies, is not ready within the
        start-up timeout, or shares its port; ProbeError if its response to the probe is not an
        expected one; and BusyMachineError if another run's burst does not end.
        """
        self.start(needs)
        self.wait_until_ready()

    def start(self, needs: BurstNeeds) -> None:
        """Start its processes anew, as ``launch`` does, and don't wait for them.

        So several servers can be launched at once. Raises as ``launch`` does.
        """
        spec, self._prepared = self._prepared or self.prepare(), None
        # Neither servers nor the kernel spread connections evenly: a single process may get nearly
        # all of them.
        if reason := lack_of_descriptors(needs.connections, hard_limit()):
            raise ServerStartError(f"{self.backend} can't be started: {reason}")
        self._lock.acquire()
        spec.progress.begin(Phase("launch"))
        began_s = CLOCK.monotonic()
        deadline = began_s + spec.startup_timeout_s
        workers = workers_of(self._backend, spec.workers)
        tls = None if spec.certificate is None else spec.certificate.files
        plan = LaunchPlan(
            self.host,
            spec.port,
            workers,
            needs.connections,
            needs.idle_s,
            tls,
            spec.unix_socket,
        )
        with self._stopped_on_failure(deadline), self._explain_os_errors():
            ready = ReadySocket(spec.folder / "ready")
            self._start = _Start(plan, needs, began_s, deadline, ready)
            self.sampling = None
            if spec.counts_queries and needs.samples and spec.databases:
                self.sampling = Sampling.begin(spec.folder, plans=needs.plans)
            self.counting = Counting.begin(spec.folder) if spec.counts_calls else None
            self.stacks = None
            if spec.is_profiled:
                self.stacks = StackSampling.begin(spec.folder, os.getpid())
            self._process = start_process(
                self._backend,
                spec,
                plan,
                log=self.log,
                ready=ready.path,
                plain_view=needs.plain_view,
                sampling=self.sampling,
                counting=self.counting,
                stacks=self.stacks,
            )

    def wait_until_ready(self) -> None:
        """Wait until the processes that ``start`` has started serve. Raises as ``launch`` does."""
        start = self._start
        assert start is not None
        plan = start.plan
        with self._stopped_on_failure(start.deadline):
            launch_s = self._wait(start)
        self._facts = ServerFacts(
            backend=self.backend,
            version=version_of(self._backend),
            workers=plan.workers,
            options={**self._backend.options(plan), **_way(plan)},
            launch_s=launch_s,
            backlog=effective_backlog(self._backend, plan),
            max_connections=max_connections(self._backend, plan),
        )
        with self._stopped_on_failure(start.deadline):
            self._spec.hooks.ready(self)

    def watched(self) -> UsageWatch:
        """Return a context manager that records what the server uses. The server must run."""
        assert self._process is not None
        assert self._process.pid is not None
        return UsageWatch(self._process.pid, self._workers, self.log)

    def stop(self) -> None:
        """End the server and everything that it started, and free the machine for another run."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        self._end_start()
        self._lock.release()

    def _wait(self, start: _Start) -> float:
        """Wait until the started processes serve. Return the seconds until the first response."""
        process, plan, ready = self._process, start.plan, start.ready
        assert process is not None
        ready.wait(process, workers=plan.workers, deadline=start.deadline)
        # In the folder, which is the user's alone, no other server has a socket.
        if not plan.unix_socket:
            refuse_other_listeners(plan.host, plan.port, lambda: self.pids)
        self._log_at_start = size_of(self.log)
        self._proxy_headers = reported_proxy_header(self._spec.folder)
        needs = start.needs
        self.probed = self._probe(process, 0, needs.probe, start.deadline, needs.any_response)
        launch_s = CLOCK.monotonic() - start.began_s
        for number, request in enumerate(needs.others, 1):
            # Each has as much time as the first one: there may be many, and slow ones.
            deadline = CLOCK.monotonic() + self._spec.startup_timeout_s
            self._probe(process, number, request, deadline)
        # Only now: of a master that loads the site before it forks, the workers report as late
        # as when they are forked.
        self._workers = ready.workers(process, plan.workers)
        # Again: the last lines about the start may have come beside the probe.
        self._log_at_start = size_of(self.log)
        self._end_start()
        return launch_s

    def _probe(
        self,
        process: GuardedProcess,
        number: int,
        request: SentRequest,
        deadline: float,
        any_response: bool = False,
    ) -> ProbeResult:
        """Send the probe of this number, as a sample request if the server counts queries."""
        sampling = self.sampling
        return probe(
            [(self.host, self.port)],
            request if sampling is None else sampling.marked(request, number),
            process,
            any_response=any_response,
            deadline=deadline,
            check=self._spec.hooks.check_of(self),
            route=self._route,
        )

    def _end_start(self) -> None:
        start, self._start = self._start, None
        if start is not None:
            start.ready.close()

    def _why_requests_failed(self) -> str:
        return explain_failed_requests(self.log, self._log_at_start)

    def _explain_os_errors(self) -> AbstractContextManager[None]:
        return explain_os_errors(f"{self.backend} can't be started", self._spec.folder)

    def _within(self, deadline: float) -> str:
        """Return the option that sets the deadline, in brackets, if it is over."""
        if CLOCK.monotonic() < deadline:
            return ""
        return f" (within --djworkers-startup-timeout={self._spec.startup_timeout_s:g}s)"

    @contextmanager
    def _stopped_on_failure(self, deadline: float) -> Iterator[None]:
        """Stop it if the block raises anything, and add what its log says to the error."""
        try:
            yield
        except ProbeError as error:
            within = self._within(deadline)
            self.stop()
            because = self._why_requests_failed()
            raise ProbeError(f"{self.backend}: {error}{within}{because}", error.status) from None
        except ServerStartError as error:
            within = self._within(deadline)
            self.stop()
            because = explain_failed_start(self.log)
            raise ServerStartError(
                f"{self.backend} did not start: {error}{within}{because}"
            ) from None
        except BaseException:  # Ctrl-C, too: nothing that was started is left behind
            self.stop()
            raise


def _way(plan: LaunchPlan) -> dict[str, bool]:
    """Return how the server is reached, if not by TCP in the clear."""
    # Absent, not False: baselines without it are older than these.
    return {
        **({} if plan.tls is None else {"tls": True}),
        **({"unix_socket": True} if plan.unix_socket else {}),
    }
