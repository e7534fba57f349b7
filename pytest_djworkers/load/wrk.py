"""The generator ``wrk``: its exact figures, taken back from its correction.

wrk's own percentiles are corrected for "coordinated omission": with E the expected interval,
every sample n >= 2E adds samples at n-E, n-2E, ... (``stats_correct`` in wrk's stats.c). That
makes up samples which nobody measured, so it is undone here, exactly.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, ClassVar

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.facts import Connections, GeneratorFacts
from pytest_djworkers.load.generator import Target, lack_of_descriptors
from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.load.histogram import Latency, bucket
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.cpu_count import available_cpus
from pytest_djworkers.system.files import write_private
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.run_command import run_command
from pytest_djworkers.system.scheduling import is_stopped

_EXIT_WITHIN_S = 15.0
_LOOK_EVERY_S = 0.02
_VERSION_WITHIN_S = 10.0
_METHODS = re.compile(
    "GET|POST|PUT|PATCH|DELETE|OPTIONS|COPY|LOCK|MKCOL|MOVE|PROPFIND|PROPPATCH|SEARCH|UNLOCK|REPORT"
    "|MKACTIVITY|CHECKOUT|MERGE|NOTIFY|SUBSCRIBE|UNSUBSCRIBE|PURGE"
)
"""Those of the parser that each wrk since 4.0 reads its own request with, before it sends it."""
_VERSION = re.compile(r"^wrk (?:\S*/)?(?P<version>\d\S*)", re.MULTILINE)


def find_wrk() -> str | None:
    """The path of wrk, or None."""
    return shutil.which("wrk")


@dataclass(frozen=True, slots=True)
class _Ran:
    """What one run of wrk came to."""

    figures: dict[str, Any]
    """As the script writes them."""
    cpu_s: float
    stopped_s: float


@dataclass(frozen=True)
class WrkGenerator:
    """Fires with wrk, one thread a CPU where that divides the connections."""

    program: str
    name: ClassVar[str] = WRK

    @property
    def version(self) -> str:
        """What ``wrk -v`` says."""
        try:
            said = run_command([self.program, "-v"], within_s=_VERSION_WITHIN_S)
        except OSError as error:
            raise GeneratorError(f"{self.program} can't be run: {error}") from error
        match = _VERSION.search(said.stdout + said.stderr)
        return match["version"] if match else "unknown"

    def cannot(self, profile: Profile) -> str | None:
        """Why it can't fire this burst, in words; None when it can."""
        shape, request = profile.shape, profile.request
        if sys.platform == "win32":
            return "there is no wrk for Windows"
        if shape.duration_s != int(shape.duration_s) or shape.duration_s < 1:
            return f"a duration of {shape.duration_s:g}s is not in whole seconds"
        if shape.timeout_s != int(shape.timeout_s) or shape.timeout_s < 1:
            return f"a timeout of {shape.timeout_s:g}s is not in whole seconds"
        if shape.rate is not None:
            return "it has no fixed rate"
        if request.contains:
            return "it does not look at bodies"
        if request.expect:
            return f"it can't tell a status of {request.expected} from others"
        if request.method == "HEAD":
            return "it waits for the body that an answer to HEAD has not"
        if not _METHODS.fullmatch(request.method):
            return f"it knows no method {request.method}"
        if "upgrade" in {name.lower() for name, _ in request.headers}:
            return "it sends no Upgrade header"
        return lack_of_descriptors(shape.connections)

    def fire(self, profile: Profile, target: Target) -> BurstResult:
        """Warm up with the built-in generator, fire, count."""
        if profile.shape.warmup_s:
            AsyncioGenerator().warm_up(profile, target)
        threads = _threads(profile.shape.connections)
        began_at = CLOCK.unix()
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
        # All that is told of a request may be secret, and everybody can read a command line.
        request = target.folder / "wrk.request"
        write_private(request, profile.request.encode(target.authority))
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
            found: dict[str, Any] = json.loads(figures.read_bytes())
        except (OSError, ValueError):
            # A broken script only warns, and the run goes on with exit 0.
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
            f"http://{_url_host(target.address[0])}:{target.address[1]}/",
        ]


def _watch(process: GuardedProcess, deadline: float) -> float:
    """Wait until it has ended, to the monotonic deadline; return for how long it was stopped."""
    stopped_s, before = 0.0, CLOCK.monotonic()
    while process.status is None and before < deadline:
        CLOCK.sleep(_LOOK_EVERY_S)
        now, pid = CLOCK.monotonic(), process.pid
        if pid is not None and is_stopped(pid):
            stopped_s += now - before
        before = now
    return stopped_s


def to_result(
    profile: Profile, figures: dict[str, Any], *, version: str, threads: int, cpu_s: float
) -> BurstResult:
    """wrk's figures in our classes; what wrk can't know is None.

    Statuses from 400 on are unexpected. A late answer is a request whose latency wrk dropped;
    it does not say which of them were unexpected too, so no more are late than were expected.
    Answers with an error are in wrk's histogram with the others, so where there are any, there
    is no latency of the expected ones.
    """
    window_s = figures["duration_us"] / 1e6
    requests, unexpected = figures["requests"], figures["status"]
    late = min(figures["timeout"], requests - unexpected)
    kinds = {kind: figures[kind] for kind in ("connect", "read", "write") if figures[kind]}
    raw = _raw(profile, figures)
    latency = None
    if raw is not None and not unexpected:
        counts: Counter[int] = Counter()
        for value, count in raw.items():
            counts[bucket(value)] += count
        latency = Latency.from_counts(counts)
    return BurstResult(
        profile=profile,
        window_s=window_s,
        ok=requests - late - unexpected,
        late=late,
        unexpected=unexpected,
        error=sum(kinds.values()),
        unanswered=None,
        in_flight=None,
        outside=None,
        statuses=None,
        error_kinds=kinds,
        latency=latency,
        connections=Connections(
            requested=profile.shape.connections, at_work=_at_work(raw, requests, window_s)
        ),
        series=None,
        generator=GeneratorFacts(
            name=WRK,
            version=version,
            agents=threads,
            cpu_share=cpu_s / (window_s * min(threads, available_cpus().usable)),
        ),
    )


def uncorrect(corrected: dict[int, int], interval: int) -> dict[int, int]:
    """The samples as measured, from wrk's corrected ones.

    The correction goes up from 2E and only ever adds below the sample it looks at, so going
    down from the largest takes it back.
    """
    counts = dict(corrected)
    if interval <= 0:
        return counts
    # Each value is final when its turn comes; values that reach zero are skipped.
    for value in sorted(counts, reverse=True):
        count = counts[value]
        if value < 2 * interval:
            break
        if count:
            for below in range(value - interval, interval, -interval):
                counts[below] -= count
    return {value: count for value, count in counts.items() if count}


def _raw(profile: Profile, figures: dict[str, Any]) -> dict[int, int] | None:
    if figures["corrected"] is None:
        return None
    corrected = dict(figures["corrected"])
    per_connection = figures["requests"] // profile.shape.connections
    interval = figures["duration_us"] // per_connection if per_connection else 0
    try:
        raw = uncorrect(corrected, interval)
    except KeyError:
        return None
    # What was measured is exactly what was answered in time, or it is not believed.
    measured = figures["requests"] - figures["timeout"]
    return raw if sum(raw.values()) == measured and min(raw.values(), default=0) >= 0 else None


def _at_work(raw: dict[int, int] | None, requests: int, window_s: float) -> float | None:
    """Requests a second times mean latency, corrected for the edge: a request that would have
    ended after the window is dropped, and the longer they take, the more of them are."""
    if not raw:
        return None
    mean_s = sum(value * count for value, count in raw.items()) / sum(raw.values()) / 1e6
    kept = 1 - mean_s / window_s
    return requests / window_s * mean_s / kept if kept > 0 else None


def _url_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _threads(connections: int) -> int:
    """As many as CPUs, but so that they divide the connections: wrk drops what is left over."""
    most = min(available_cpus().processes, connections)
    return next(t for t in range(most, 0, -1) if connections % t == 0)
