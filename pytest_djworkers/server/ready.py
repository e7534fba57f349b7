"""When a server is ready: every worker has said so, and the port is ours alone."""

from __future__ import annotations

import select
import socket
from pathlib import Path

from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.server.port import HOST
from pytest_djworkers.server.process import GuardedProcess
from pytest_djworkers.system.clock import CLOCK

_REACHED_AT = frozenset({HOST, f"::ffff:{HOST}", "0.0.0.0", "::"})  # noqa: S104  # compared only
_LOOK_EVERY_S = 0.5


class ReadySocket:
    """Where the server's workers report, each with a datagram that holds its process id.

    A pipe would not do: the children of some servers are spawned and inherit nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        self.pids: set[int] = set()

    def close(self) -> None:
        """Remove it."""
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def wait(self, process: GuardedProcess, *, workers: int, deadline: float) -> None:
        """Wait until that many workers have reported.

        Raises ServerStartError when the process ends before that, or the monotonic deadline
        passes.
        """
        news = select.poll()
        news.register(self._socket, select.POLLIN)
        news.register(process.channel, select.POLLIN)
        while len(self.pids) < workers:
            left = deadline - CLOCK.monotonic()
            if left <= 0:
                raise ServerStartError(f"{len(self.pids)} of {workers} workers got ready in time")
            news.poll(min(left, _LOOK_EVERY_S) * 1000)
            self._listen()
            if process.status is not None and len(self.pids) < workers:
                raise ServerStartError(f"it ended (exit status {process.status})")

    def _listen(self) -> None:
        try:
            while True:
                self.pids.add(int(self._socket.recv(64)))
        except BlockingIOError:
            return


def strangers(port: int, ours: frozenset[int]) -> list[str]:
    """Who listens on a port and isn't ours: several servers share a port without a word."""
    import psutil

    return sorted(
        "another user's process" if listener.pid is None else f"process {listener.pid}"
        for listener in psutil.net_connections(kind="tcp")
        if listener.laddr
        and listener.laddr.port == port
        and listener.laddr.ip in _REACHED_AT
        and listener.status == psutil.CONN_LISTEN
        and listener.pid not in ours
    )
