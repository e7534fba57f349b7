"""The description of a launch, and the start of its processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_djworkers.backends.protocol import Backend, LaunchPlan
from pytest_djworkers.databases.sessions import application_name
from pytest_djworkers.entry.apply_test_changes import differing_settings_folder
from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief, DatabaseTarget
from pytest_djworkers.entry.changed_settings import ChangedSettings
from pytest_djworkers.entry.isolation import Isolation
from pytest_djworkers.entry.proxy_header import proxy_header_file
from pytest_djworkers.entry.sampling import Counting, Sampling
from pytest_djworkers.entry.site_environment import site_environment
from pytest_djworkers.entry.stack_sampling import StackSampling
from pytest_djworkers.entry.startup_hook import STARTUP
from pytest_djworkers.progress import NO_SINK, ProgressSink
from pytest_djworkers.server.certificate import Certificate
from pytest_djworkers.server.launch_hooks import NO_HOOKS, LaunchHooks
from pytest_djworkers.server.runtime import Runtime, this_runtime
from pytest_djworkers.system.long_waits import Say, say_nothing
from pytest_djworkers.system.port import LOOPBACK
from pytest_djworkers.system.process import GuardedProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """All that a launch needs to know besides the backend and the burst."""

    settings_module: str
    """The name of the site's settings module."""
    databases: Mapping[str, DatabaseTarget] = field(default_factory=dict)
    """The test databases, by alias."""
    folder: Path
    """The folder for the log, the brief and the ready socket; its path must be short."""
    port: int
    workers: int
    """The number of workers of a backend that does not say otherwise."""
    startup_timeout_s: float
    """The limit on the time from a launch to an expected response, in seconds."""
    host: str = LOOPBACK
    """The address to listen on."""
    certificate: Certificate | None = None
    """The certificate to serve over TLS with; None to serve without."""
    on_unix_socket: bool = False
    """True to listen on a Unix socket in the folder instead of the address."""
    runtime: Runtime = field(default_factory=this_runtime)
    """The interpreter and the files to serve the site with."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Additional environment variables."""
    isolation: Isolation | None = None
    """The folder and the cache keys that the site writes to instead of its own."""
    changed_settings: ChangedSettings = field(default_factory=ChangedSettings)
    """The settings that tests have changed."""
    application: str | None = None
    """The application to serve, as MODULE:ATTRIBUTE; None for the site's own."""
    left_out: tuple[str, ...] = ()
    """The aliases of databases that the site must not connect to."""
    counts_queries: bool = False
    """True if the server is to count the queries of sample requests."""
    counts_calls: bool = False
    """True if the server is to count the Python calls of sample requests, and their memory."""
    is_profiled: bool = False
    """True if the stacks of the server's processes are to be sampled."""
    watch: tuple[int, ...] = ()
    """The ids of processes that the server must not outlive, besides this one."""
    arm: str = ""
    """The arm of a comparison that the server is launched for; else empty."""
    hooks: LaunchHooks = NO_HOOKS
    """The functions that are called with the server."""
    say: Say = say_nothing
    """Called with a line for the user when something takes long."""
    progress: ProgressSink = NO_SINK
    """Told what happens to the burst that the launch is for."""

    @property
    def unix_socket(self) -> str:
        """The path of the Unix socket to listen on; empty for the address."""
        # Its name is as short as that of the ready socket, since such paths must be.
        return str(self.folder / "http") if self.on_unix_socket else ""

    @property
    def strays(self) -> Path:
        """The file in which processes report code that they have loaded from another tree."""
        return self.folder / "strays"


def start_process(
    backend: Backend,
    spec: LaunchSpec,
    plan: LaunchPlan,
    *,
    log: Path,
    ready: Path,
    plain_view: bool = False,
    sampling: Sampling | None = None,
    counting: Counting | None = None,
    stacks: StackSampling | None = None,
) -> GuardedProcess:
    """Start a backend, whose workers report to the socket ``ready`` when they have loaded the site.

    With ``plain_view`` they serve the plugin's own view, too, with ``sampling`` they count the
    queries of requests that it knows, with ``counting`` the calls, and with ``stacks`` they sample
    those of their requests.

    Raises OSError if the process can't be started.
    """
    # What the launch before has left would be taken for this one's reports.
    log.unlink(missing_ok=True)
    spec.strays.unlink(missing_ok=True)
    proxy_header_file(spec.folder).unlink(missing_ok=True)
    if plan.unix_socket:
        Path(plan.unix_socket).unlink(missing_ok=True)
    shutil.rmtree(differing_settings_folder(spec.folder), ignore_errors=True)
    command = backend.command(spec.runtime.python, plan)
    brief = spec.folder / "brief.json"
    told = _brief(
        spec,
        command,
        ready,
        plain_view=plain_view,
        sampling=sampling,
        counting=counting,
        stacks=stacks,
    )
    told.write(brief)
    return GuardedProcess(
        command,
        log=log,
        environment=_environment(backend, spec, brief),
        watch=spec.watch,
        folder=spec.runtime.folder,
    )


def _brief(
    spec: LaunchSpec,
    command: Sequence[str],
    ready: Path,
    *,
    plain_view: bool,
    sampling: Sampling | None,
    counting: Counting | None,
    stacks: StackSampling | None,
) -> Brief:
    runtime = spec.runtime
    return Brief(
        spec.settings_module,
        spec.databases,
        str(ready),
        tree=None if runtime.tree is None else str(runtime.tree),
        bounds=runtime.bounds(spec.strays, command),
        application=spec.application,
        left_out=spec.left_out,
        search_path=runtime.module_path,
        isolation=spec.isolation,
        changed_settings=spec.changed_settings,
        plain_view=plain_view,
        sampling=sampling,
        counting=counting,
        stacks=stacks,
    )


def _environment(backend: Backend, spec: LaunchSpec, brief: Path) -> dict[str, str]:
    return site_environment(
        backend.about.scrubbed,
        **{
            **spec.runtime.environment,
            "DJANGO_SETTINGS_MODULE": spec.settings_module,
            "PGAPPNAME": application_name(),
            # Python imports the first sitecustomize on its path: it must be ours, which then runs
            # the user's.
            "PYTHONPATH": os.pathsep.join((STARTUP, spec.runtime.start_path)),
            **spec.environment,
            ENVIRONMENT_KEY: str(brief),
        },
    )
