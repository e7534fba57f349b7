"""The speed of a load tool, measured from outside and in the same way for every tool.

The server counts the requests, and the kernel the CPU time (user and system) of the tool's
processes, both in one window in which all connections are open.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from fast_server import PATH, FastServer
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Part, Profile, SentRequest, Shape

_OPEN_WITHIN_S = 40.0
_SETTLE_S = 0.5
_LOOK_EVERY_S = 0.05
_LONGER_THAN_ANY_RUN_S = 3600


@dataclass(frozen=True)
class Speed:
    """The speed of a tool in one window."""

    rps: float
    cpu_us: float
    """CPU microseconds per request."""
    elsewhere: float
    """The number of CPUs that other processes used meanwhile."""


@dataclass(frozen=True)
class _Look:
    at_s: float
    requests: int
    cpu_s: float
    server_cpu_s: float
    machine_cpu_s: float


Running = AbstractContextManager[None]
Start = Callable[[FastServer, int, float], Running]
"""Starts a tool, given the server, the number of connections and the least number of seconds."""


@contextmanager
def pinned(cpus: set[int]) -> Iterator[None]:
    """Run everything that this thread starts meanwhile on these CPUs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def command(*words: str, cpus: set[int], environment: dict[str, str] | None = None) -> Start:
    """Return a tool that is a command; it is killed at the end.

    HOST, PORT, PATH, CONNECTIONS and SECONDS are replaced in its words.
    """

    @contextmanager
    def start(server: FastServer, connections: int, _seconds: float) -> Iterator[None]:
        host, port = server.address
        values = {
            "HOST": host,
            "PORT": str(port),
            "PATH": PATH,
            "CONNECTIONS": str(connections),
            "SECONDS": str(_LONGER_THAN_ANY_RUN_S),
        }
        line = list(words)
        for name, value in values.items():
            line = [word.replace(name, value) for word in line]
        # A child inherits the CPUs of this thread, so it never runs anywhere else. A file takes the
        # output, since a pipe that nobody reads would stop the tool.
        with tempfile.TemporaryFile() as output, pinned(cpus):
            process = subprocess.Popen(
                line, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
            )
        try:
            yield
        finally:
            # Most tools would print a report of their own, which nobody needs.
            process.kill()
            process.wait()

    return start


_PLAIN = (Part("plain", (SentRequest(PATH),)),)


def built_in(
    agents: int,
    cpus: set[int],
    *,
    rate: float | None = None,
    parts: tuple[Part, ...] = _PLAIN,
) -> Start:
    """Return the built-in generator as a tool, in a closed loop or at this many requests/s."""

    @contextmanager
    def start(server: FastServer, connections: int, seconds: float) -> Iterator[None]:
        shape = Shape(connections, duration_s=seconds + 1.0, warmup_s=0.5, rate=rate)
        failures: list[Exception] = []

        def fire() -> None:
            # The affinity holds for this thread and for the agents that it starts.
            os.sched_setaffinity(0, cpus)
            try:
                with tempfile.TemporaryDirectory(prefix="djworkers-") as folder:
                    AsyncioGenerator(agents).fire(
                        Profile.of_parts("speed", parts, shape),
                        Target(server.address, Path(folder)),
                    )
            except Exception as error:  # noqa: BLE001  # raised below, in the thread that waits
                failures.append(error)

        thread = threading.Thread(target=fire)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        if failures:
            raise failures[0]

    return start


def measure(server: FastServer, start: Start, connections: int, window_s: float) -> Speed | str:
    """Return the tool's speed, or a reason in words if it could not be measured."""
    # The window begins when all connections are open, however long a tool takes to open them.
    with start(server, connections, _SETTLE_S + window_s):
        deadline = time.monotonic() + _OPEN_WITHIN_S
        while (opened := server.count()[0]) < connections:
            if time.monotonic() > deadline:
                return f"{opened} open in {_OPEN_WITHIN_S:g}s"
            time.sleep(_LOOK_EVERY_S)
        # The first moments after opening belong to the start.
        time.sleep(_SETTLE_S)
        processes = leaves(server)
        before = _look(server, processes)
        time.sleep(window_s)
        after = _look(server, processes)
    seconds = after.at_s - before.at_s
    requests = after.requests - before.requests - 1  # one is the status request itself
    if requests < 1:
        return "no request"
    cpu_s = after.cpu_s - before.cpu_s
    # What the machine used, without the tool and the server. The clocks are read one after the
    # other, so that a small negative difference is possible.
    known_s = cpu_s + after.server_cpu_s - before.server_cpu_s
    elsewhere_s = after.machine_cpu_s - before.machine_cpu_s - known_s
    return Speed(requests / seconds, cpu_s / requests * 1e6, max(0.0, elsewhere_s / seconds))


def leaves(server: FastServer) -> list[psutil.Process]:
    """Return the processes that do the tool's work: descendants without children of their own."""
    # Some tools have a parent that only waits, such as a script around a program.
    below = psutil.Process().children(recursive=True)
    parents = {process.ppid() for process in below}
    return [process for process in below if process.pid not in {server.pid, *parents}]


def _look(server: FastServer, processes: list[psutil.Process]) -> _Look:
    _, requests = server.count()
    # iowait is idle time, and Linux counts guest time in user time, too.
    machine = psutil.cpu_times()
    return _Look(
        time.monotonic(),
        requests,
        sum(map(_cpu_s, processes)),
        _cpu_s(psutil.Process(server.pid)),
        sum(machine) - machine.idle - machine.iowait - machine.guest - machine.guest_nice,
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
