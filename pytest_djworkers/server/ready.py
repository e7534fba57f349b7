"""When a server is ready: every worker has said so, and the port is ours alone."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from pathlib import Path

from pytest_djworkers.entry.startup_report import FAILED
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.port import HOST
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.standard_library import load_psutil
from pytest_djworkers.system.unpatched_sockets import UnpatchedSocket

_REACHED_AT = frozenset({HOST, f"::ffff:{HOST}", "0.0.0.0", "::"})  # noqa: S104  # compared only
_LOOK_EVERY_S = 0.5


class Reports:
    """Which processes have loaded the site, and which were forked by those."""

    def __init__(self) -> None:
        self.loaded: set[int] = set()
        self.forks: dict[int, set[int]] = {}
        """By the process that had loaded the site."""
        self.has_failed = False
        """Whether one could not load it."""

    def add(self, report: bytes) -> None:
        """Take down what a process says."""
        if report.startswith(FAILED.encode()):
            self.has_failed = True
            return
        pid, *parent = map(int, report.split())
        if parent:
            self.forks.setdefault(parent[0], set()).add(pid)
        else:
            self.loaded.add(pid)

    def workers(self, wanted: int, first: int | None) -> set[int]:
        """The processes that serve, of so many wanted.

        They have loaded the site themselves, or are forks of the one that had, where that is the
        server's first process, or where they are wanted: a site's worker may fork, too.
        """
        preloaded = self.forks.get(first or 0, set())
        if preloaded:
            return preloaded
        if len(self.loaded) >= wanted:
            return self.loaded
        return max((self.loaded, *self.forks.values()), key=len)


class ReadySocket:
    """Where the server's workers report, each with a datagram that holds its process id; a fork of
    one that has reported adds that one's.

    A pipe would not do: the children of some servers are spawned and inherit nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = UnpatchedSocket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        self.reports = Reports()

    def close(self) -> None:
        """Remove it."""
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def wait(self, process: GuardedProcess, *, workers: int, deadline: float) -> None:
        """Wait until that many workers have reported.

        Raises ServerStartError when one can't load the site or the process ends before that, or
        the monotonic deadline passes.
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
            if process.status is not None and len(self.workers(process, workers)) < workers:
                raise ServerStartError(f"it ended (exit status {process.status})")

    def workers(self, process: GuardedProcess, wanted: int) -> frozenset[int]:
        """The processes that serve, as far as they have reported."""
        self.listen()
        return frozenset(self.reports.workers(wanted, process.pid))

    def listen(self) -> None:
        """Take down what has been reported by now."""
        with suppress(BlockingIOError):
            while True:
                self.reports.add(self._socket.recv(64))


def other_listeners(port: int, ours: frozenset[int]) -> list[str]:
    """Who listens on a port and isn't ours: several servers share a port without a word."""
    psutil = load_psutil()

    return sorted(
        "another user's process" if listener.pid is None else f"process {listener.pid}"
        for listener in psutil.net_connections(kind="tcp")
        if listener.laddr
        and listener.laddr.port == port
        and listener.laddr.ip in _REACHED_AT
        and listener.status == psutil.CONN_LISTEN
        and listener.pid not in ours
    )
