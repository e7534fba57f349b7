"""Waits until a server is ready: every worker has reported, and nobody else listens on its port."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pytest_djworkers.entry.startup_report import FAILED
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.standard_library import load_psutil
from pytest_djworkers.system.unpatched_sockets import UnpatchedSocket

_LOOK_EVERY_S = 0.5
"""The longest time between two looks at whether the server's process has ended."""
_MOST_LOOKS_AT_PORT = 3
"""The number of looks after which a listener that isn't ours is one."""
_LONGEST_REPORT = 64
"""The number of bytes of a report: a word, or two process ids."""


class Reports:
    """The processes that have loaded the site, and those that were forked by them."""

    def __init__(self) -> None:
        self.loaded: set[int] = set()
        """The ids of the processes that have imported the site themselves."""
        self.forks: dict[int, set[int]] = {}
        """The ids of forks, by the id of the process that had loaded the site before it forked."""
        self.has_failed = False
        """True if a process could not load the site."""

    def add(self, report: bytes) -> None:
        """Add what a process has reported."""
        if report.startswith(FAILED.encode()):
            self.has_failed = True
            return
        pid, *parent = map(int, report.split())
        if parent:
            self.forks.setdefault(parent[0], set()).add(pid)
        else:
            self.loaded.add(pid)

    def workers(self, wanted: int, first: int | None) -> set[int]:
        """Return the ids of the processes that serve; ``wanted`` is their number when all do.

        ``first`` is the server's first process, which is the master if there is one.
        """
        # A master that loads the site before it forks (gunicorn with preload_app, uWSGI without
        # lazy-apps) doesn't serve: its forks do.
        preloaded = self.forks.get(first or 0, set())
        if preloaded:
            return preloaded
        # Forks of a worker are the site's own affair: they are counted only while too few
        # processes have loaded the site.
        if len(self.loaded) >= wanted:
            return self.loaded
        return max((self.loaded, *self.forks.values()), key=len)


class ReadySocket:
    """The socket that the server's workers report to when they have loaded the site.

    A report is a datagram with the process's id; that of a fork has its parent's id as well.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # A socket with a path, since a pipe does not reach every worker: uvicorn and hypercorn
        # spawn their workers, which inherit no descriptors.
        self._socket = UnpatchedSocket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        self.reports = Reports()

    def close(self) -> None:
        """Close the socket, and remove its file."""
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def wait(self, process: GuardedProcess, *, workers: int, deadline: float) -> None:
        """Wait until this number of workers have reported.

        Raises ServerStartError if one can't load the site, if the process ends before that, and
        after the deadline, a time of the monotonic clock.
        """
        news = select.poll()
        news.register(self._socket, select.POLLIN)
        news.register(process.channel, select.POLLIN)
        while len(self.workers(process, workers)) < workers:
            if self.reports.has_failed:
                raise ServerStartError("a worker could not load the site")
            left = deadline - CLOCK.monotonic()
            if left <= 0:
                ready = len(self.workers(process, workers))
                raise ServerStartError(f"{ready} of {workers} workers got ready in time")
            news.poll(min(left, _LOOK_EVERY_S) * 1000)
            # Any exit is a failure, whatever its status: uvicorn and hypercorn exit with 0 when
            # they can't load the site. Reports are read once more, since they may come last.
            if process.status is not None and len(self.workers(process, workers)) < workers:
                raise ServerStartError(f"it ended (exit status {process.status})")

    def workers(self, process: GuardedProcess, wanted: int) -> frozenset[int]:
        """Return the ids of the processes that serve, as far as they have reported."""
        self.listen()
        return frozenset(self.reports.workers(wanted, process.pid))

    def listen(self) -> None:
        """Read all reports that have arrived by now."""
        with suppress(BlockingIOError):
            while True:
                self.reports.add(self._socket.recv(_LONGEST_REPORT))


def refuse_other_listeners(host: str, port: int, ours: Callable[[], frozenset[int]]) -> None:
    """Raise ServerStartError if a process that isn't ours listens at the address, too.

    granian, hypercorn and others listen with SO_REUSEPORT: they share a port silently, and a
    server that was left behind would get a part of the requests.
    """
    # More than one look: a look is a list of sockets and a list of processes, and a worker that
    # begins to listen between the two seems to be nobody's.
    for _ in range(_MOST_LOOKS_AT_PORT):
        others = other_listeners(host, port, ours())
        if not others:
            return
    listen = "listens" if len(others) == 1 else "listen"
    raise ServerStartError(
        f"{' and '.join(others)} also {listen} on port {port}, and would get a part of the"
        " requests: end it"
    )


def other_listeners(host: str, port: int, ours: frozenset[int]) -> list[str]:
    """Return the processes that get connections to an address of this machine and aren't ours, in
    words."""
    psutil = load_psutil()
    # "::" gets connections to IPv4 addresses as well, unless the socket is for IPv6 only.
    reached_at = {host, f"::ffff:{host}", "0.0.0.0", "::"}  # noqa: S104  # compared only
    return sorted(
        "another user's process" if listener.pid is None else f"process {listener.pid}"
        for listener in psutil.net_connections(kind="tcp")
        if listener.laddr
        and listener.laddr.port == port
        and listener.laddr.ip in reached_at
        and listener.status == psutil.CONN_LISTEN
        and listener.pid not in ours
    )
