"""When a server is ready: every worker has said so, the port is ours, and one reply is good."""

from __future__ import annotations

import http.client
import select
import socket
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.profile import Request
from pytest_djworkers.server.port import HOST
from pytest_djworkers.server.process import GuardedProcess
from pytest_djworkers.system.clock import CLOCK

_REACHED_AT = frozenset({HOST, f"::ffff:{HOST}", "0.0.0.0", "::"})  # noqa: S104  # compared only
_RETRY_AFTER_S = 0.02
_LOOK_EVERY_S = 0.5
_SHOWN_OF_BODY = 300


@dataclass(frozen=True, slots=True)
class Probe:
    """The one request that a server must answer before it is fired at."""

    request: Request
    any_answer: bool
    """Whether every complete answer will do, and not only an expected one."""


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


def probe(
    address: tuple[str, int],
    request: Request,
    process: GuardedProcess | None,
    *,
    any_answer: bool,
    deadline: float,
    host: str | None = None,
) -> None:
    """Send one real request, again while nobody accepts it.

    ``any_answer`` takes every complete answer for good; ``process`` is the server, where it is
    ours. Raises ProbeError for an unexpected
    answer, ServerStartError for none before the monotonic deadline.
    """
    why = "no reply"
    while (left := deadline - CLOCK.monotonic()) > 0:
        connection = http.client.HTTPConnection(*address, timeout=left)
        try:
            connection.putrequest(
                request.method, request.path, skip_accept_encoding=True, skip_host=True
            )
            for name, value in request.header_lines(host or f"{address[0]}:{address[1]}"):
                connection.putheader(name, value)
            connection.endheaders(request.body or None)
            response = connection.getresponse()
            body = _whole(response, deadline)
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            if process is not None and process.status is not None:
                raise ServerStartError(f"it ended (exit status {process.status})") from None
            CLOCK.sleep(_RETRY_AFTER_S)
            continue
        finally:
            connection.close()
        fits = request.contains in body
        if any_answer or (request.expects(response.status) and fits):
            return
        raise ProbeError(_unexpected(request, response, body), response.status)
    raise ServerStartError(f"{request.method} {request.path} got no answer in time ({why})")


def _whole(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body, read to its end.

    Raises TimeoutError when the end is not there by the deadline, HTTPException when it is cut.
    """
    body = b""
    while piece := response.read1():
        body += piece
        if CLOCK.monotonic() > deadline:
            raise TimeoutError("the answer does not end")
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return body


def _unexpected(request: Request, response: http.client.HTTPResponse, body: bytes) -> str:
    location = response.getheader("Location")
    where = f" to {location}" if location else ""
    text = " ".join(body[:_SHOWN_OF_BODY].decode(errors="replace").split())
    said = f": {text}" if text else ""
    expected = request.expected
    if request.expects(response.status):
        expected = f"a body that contains {request.contains.decode(errors='replace')!r}"
    return (
        f"{request.method} {request.path} answers {response.status} {response.reason}{where}"
        f" where {expected} is expected{said}"
    )
