"""The generator ``wrk``: runs it with a script that writes its exact counts."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import ClassVar

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target, hard_limit, lack_of_descriptors
from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.load.profile import Order, Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.wrk_figures import WrkFigures, to_result
from pytest_djworkers.progress import NO_SINK, Phase, ProgressSink
from pytest_djworkers.serialization import from_simple
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.cpu_count import available_cpus
from pytest_djworkers.system.files import write_private
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.run_command import run_command
from pytest_djworkers.system.scheduling import is_stopped

_EXIT_WITHIN_S = 15.0
"""The time in seconds for wrk to end after the burst, which includes its script."""
_LOOK_EVERY_S = 0.02
_VERSION_WITHIN_S = 10.0
_METHODS = re.compile(
    "GET|POST|PUT|PATCH|DELETE|OPTIONS|COPY|LOCK|MKCOL|MOVE|PROPFIND|PROPPATCH|SEARCH|UNLOCK|REPORT"
    "|MKACTIVITY|CHECKOUT|MERGE|NOTIFY|SUBSCRIBE|UNSUBSCRIBE|PURGE"
)
"""The methods that wrk knows. Each wrk since 4.0 parses its own request before it sends it."""
_VERSION = re.compile(r"^wrk (?:\S*/)?(?P<version>\d\S*)", re.MULTILINE)


def find_wrk() -> str | None:
    """Return the path of wrk; None if it is not installed."""
    return shutil.which("wrk")


@dataclass(frozen=True, slots=True)
class _Ran:
    """The outcome of one run of wrk."""

    figures: WrkFigures
    cpu_s: float
    stopped_s: float


@dataclass(frozen=True)
class WrkGenerator:
    """Fires with wrk."""

    program: str
    name: ClassVar[str] = WRK

    @property
    def version(self) -> str:
        """The version that ``wrk -v`` prints."""
        try:
            printed = run_command([self.program, "-v"], within_s=_VERSION_WITHIN_S)
        except OSError as error:
            raise GeneratorError(f"{self.program} can't be run: {error}") from error
        match = _VERSION.search(printed.stdout + printed.stderr)
        return match["version"] if match else "unknown"

    def cannot(self, profile: Profile) -> str | None:
        """Return why it can't fire this burst, in words; None if it can."""
        shape, request = profile.shape, profile.request
        if sys.platform == "win32":
            return "there is no wrk for Windows"
        if shape.duration_s != int(shape.duration_s) or shape.duration_s < 1:
            return f"a duration of {shape.duration_s:g}s is not in whole seconds"
        if shape.timeout_s != int(shape.timeout_s) or shape.timeout_s < 1:
            return f"a timeout of {shape.timeout_s:g}s is not in whole seconds"
        if shape.stages:
            return "it has no stages"
        if shape.rate is not None:
            return "it has no fixed rate"
        if shape.think_s:
            return "it has no think time"
        if profile.is_mix:
            return "it can't tell the parts of a mix apart"
        if any(part.order is Order.CONNECTION for part in profile.parts):
            return "its connections can't have requests of their own"
        if request.contains:
            return "it does not look at bodies"
        if request.websocket:
            return "it knows no WebSockets"
        if profile.has_streams:
            return "it reads each response to its end"
        if request.expect:
            return f"it can't tell a status of {request.expected} from others"
        if request.method == "HEAD":
            return "it waits for a body, which a response to HEAD does not have"
        if not _METHODS.fullmatch(request.method):
            return f"it knows no method {request.method}"
        if "upgrade" in {name.lower() for name, _ in request.headers}:
            return "it sends no Upgrade header"
        return lack_of_descriptors(shape.connections, hard_limit())

    def fire(
        self, profile: Profile, target: Target, progress: ProgressSink = NO_SINK
    ) -> BurstResult:
        """Warm up with the built-in generator, then fire and count.

        Raises GeneratorError if there are no figures.
        """
        if profile.shape.warmup_s:
            AsyncioGenerator().warm_up(profile, target, progress)
        threads = _threads(profile.shape.connections)
        began_at = CLOCK.unix()
        # It tells nothing before its end.
        progress.begin(Phase("window", CLOCK.monotonic() + profile.shape.duration_s))
        ran = self._run(profile, target, threads)
        result = to_result(
            profile, ran.figures, version=self.version, threads=threads, cpu_s=ran.cpu_s
        )
        generator = replace(result.generator, stopped_s=ran.stopped_s)
        return replace(result, began_at=began_at, generator=generator)

    def _run(self, profile: Profile, target: Target, threads: int) -> _Ran:
        figures = target.folder / "wrk.json"
        figures.unlink(missing_ok=True)
        log = target.folder / "wrk.log"
        # All of a request may be secret, and every user of the machine can read a command line.
        request = target.folder / "wrk.request"
        write_private(request, _requests(profile, target))
        # Nothing else of ours: LUA_INIT and the like would change what the script does.
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "DJWORKERS_WRK_REQUEST": str(request),
            "DJWORKERS_WRK_RESULT": str(figures),
        }
        with as_file(files(__package__) / "wrk.lua") as script:
            process = GuardedProcess(
                self._command(profile, target, threads, script),
                log=log,
                environment=environment,
                watch=target.watch,
            )
            try:
                deadline = CLOCK.monotonic() + profile.shape.duration_s + _EXIT_WITHIN_S
                stopped_s = _watch(process, deadline)
                status, cpu_s = process.status, process.cpu_s
            finally:
                process.stop()
                request.unlink()
        if status is None:
            raise GeneratorError(f"wrk did not end{tail(log)}")
        try:
            found = from_simple(json.loads(figures.read_bytes()), WrkFigures)
        except (OSError, ValueError):
            # wrk only warns of a script that fails, and goes on to exit status 0.
            raise GeneratorError(f"wrk gave no figures (exit status {status}){tail(log)}") from None
        return _Ran(found, cpu_s, stopped_s)

    def _command(self, profile: Profile, target: Target, threads: int, script: Path) -> list[str]:
        shape = profile.shape
        return [
            self.program,
            f"-t{threads}",
            f"-c{shape.connections}",
            f"-d{int(shape.duration_s)}s",
            f"--timeout={int(shape.timeout_s)}s",
            "-s",
            str(script),
            f"{target.route.scheme}://{_url_host(target.address[0])}:{target.address[1]}/",
        ]


def _requests(profile: Profile, target: Target) -> bytes:
    """Return the content of the file that wrk.lua reads the requests from."""
    (part,) = profile.all_parts
    encoded = [request.encode(target.authority, target.route) for request in part.requests]
    lines = b"".join(b"%d\n%b\n" % (len(one), one) for one in encoded)
    return f"{part.order.value} {profile.seed}\n".encode() + lines


def _watch(process: GuardedProcess, deadline: float) -> float:
    """Wait until wrk has ended, or the monotonic deadline; return the time it was stopped for."""
    stopped_s, before = 0.0, CLOCK.monotonic()
    while process.status is None and before < deadline:
        CLOCK.sleep(_LOOK_EVERY_S)
        now, pid = CLOCK.monotonic(), process.pid
        if pid is not None and is_stopped(pid):
            stopped_s += now - before
        before = now
    return stopped_s


def _url_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _threads(connections: int) -> int:
    """Return the number of threads: one per CPU, but so that they divide the connections."""
    # wrk gives each thread the same number of connections, and drops what is left over.
    most = min(available_cpus().processes, connections)
    return next(t for t in range(most, 0, -1) if connections % t == 0)
