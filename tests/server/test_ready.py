"""Ready means: every worker has said so, nobody shares the port, and one reply is good."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.profile import Request
from pytest_djworkers.server.port import HOST
from pytest_djworkers.server.process import GuardedProcess
from pytest_djworkers.server.ready import ReadySocket, probe, strangers
from tests.server.conftest import Guarded
from tests.server.watching import until

LONG_S = 15.0
SHORT_S = 0.3


@pytest.fixture
def process(guarded: Guarded) -> GuardedProcess:
    """Something that runs."""
    return guarded("import signal; signal.pause()")


# Workers that report.


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[ReadySocket]:
    """A socket for workers to report to."""
    made = ReadySocket(tmp_path / "ready")
    yield made
    made.close()


def report(ready: ReadySocket, *pids: int) -> None:
    """Report as workers with these process ids."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker:
        for pid in pids:
            worker.sendto(str(pid).encode(), str(ready.path))


def wait(ready: ReadySocket, process: GuardedProcess, workers: int, within_s: float) -> None:
    """Wait until that many workers have reported."""
    ready.wait(process, workers=workers, deadline=time.monotonic() + within_s)


def test_all_workers_have_reported(ready: ReadySocket, process: GuardedProcess) -> None:
    report(ready, 11, 12, 13)
    wait(ready, process, 3, LONG_S)
    assert ready.pids == {11, 12, 13}


def test_a_worker_that_reports_twice_is_one(ready: ReadySocket, process: GuardedProcess) -> None:
    report(ready, 11, 11)
    with pytest.raises(ServerStartError, match="1 of 2 workers got ready in time"):
        wait(ready, process, 2, SHORT_S)


def test_a_late_report_is_waited_for(ready: ReadySocket, guarded: Guarded) -> None:
    late = (
        "import os, socket, sys, time; time.sleep(0.1)\n"
        "worker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "worker.sendto(str(os.getpid()).encode(), sys.argv[1])\n"
        "time.sleep(60)\n"
    )
    process = guarded(late, str(ready.path))
    wait(ready, process, 1, LONG_S)
    assert ready.pids == {process.pid}


def test_when_the_process_ends_the_waiting_does(ready: ReadySocket, guarded: Guarded) -> None:
    process = guarded("raise SystemExit(3)")
    with pytest.raises(ServerStartError, match=r"it ended \(exit status 3\)"):
        wait(ready, process, 1, LONG_S)


def test_workers_that_reported_before_the_end_count(ready: ReadySocket, guarded: Guarded) -> None:
    process = guarded("pass")
    report(ready, 11)
    until(lambda: process.status is not None)
    wait(ready, process, 1, LONG_S)


def test_its_file_goes_with_it(tmp_path: Path) -> None:
    for _ in range(2):
        made = ReadySocket(tmp_path / "again")
        made.close()
        assert not made.path.exists()


# Strangers on the port.

LISTEN = """
import socket, sys
server = socket.socket()
for option in sys.argv[3:]:
    server.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen()
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def listener(*options: str, host: str = HOST, port: int = 0) -> Iterator[tuple[int, int]]:
    """Another process that listens; its process id and its port."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, host, str(port), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        yield other.pid, int(other.stdout.readline())
        other.kill()


def test_a_foreign_listener_is_found() -> None:
    with listener() as (pid, port):
        assert strangers(port, frozenset()) == [f"process {pid}"]
        assert strangers(port, frozenset({pid})) == []


def test_who_shares_our_port_is_found() -> None:
    with socket.socket() as mine:
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        mine.bind((HOST, 0))
        mine.listen()
        port = mine.getsockname()[1]
        with listener("SO_REUSEPORT", port=port) as (pid, _):
            assert strangers(port, frozenset({os.getpid()})) == [f"process {pid}"]
        assert strangers(port, frozenset({os.getpid()})) == []


@pytest.mark.parametrize(("host", "is_one"), [("0.0.0.0", True), ("127.0.0.2", False)])
def test_a_stranger_is_who_gets_our_requests(host: str, is_one: bool) -> None:
    with listener(host=host) as (_, port):
        assert bool(strangers(port, frozenset())) is is_one


def test_a_reserved_port_and_a_connection_are_nobodys_listener() -> None:
    with socket.socket() as placeholder:
        placeholder.bind((HOST, 0))
        assert strangers(placeholder.getsockname()[1], frozenset()) == []
    with listener() as (pid, port), socket.create_connection((HOST, port)) as client:
        assert strangers(port, frozenset({pid})) == []
        assert strangers(client.getsockname()[1], frozenset()) == []


# The probe.


class Answers(BaseHTTPRequestHandler):
    """A server with one path for each way to answer."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, dict[str, str]]]

    def do_GET(self) -> None:
        self.seen.append((self.command, self.path, dict(self.headers)))
        if answer := getattr(self, self.path.strip("/"), None):
            answer()
        else:
            self.send(200, b"good")

    def do_HEAD(self) -> None:
        self.do_GET()

    def send(self, status: int, body: bytes, promised: int = 0, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(promised or len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def fails(self) -> None:
        self.send(500, b"<h1>Server\n  Error</h1>" + b"x" * 1000)

    def redirects(self) -> None:
        self.send(302, b"", Location="/login")

    def at_the_third_time(self) -> None:
        if len(self.seen) < 3:
            self.close_connection = True
        else:
            self.send(200, b"good")

    def cut(self) -> None:
        self.send(200, b"half", promised=8)

    def hangs(self) -> None:
        self.rfile.read(1)

    def never_ends(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"more")
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """Such a server."""
    handler = type("Handler", (Answers,), {"seen": []})
    with HTTPServer((HOST, 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def send(
    server: HTTPServer,
    process: GuardedProcess,
    request: Request,
    *,
    within_s: float = LONG_S,
    any_answer: bool = False,
) -> None:
    """Probe the server."""
    probe(
        (HOST, server.server_port),
        request,
        process,
        any_answer=any_answer,
        deadline=time.monotonic() + within_s,
    )


@pytest.mark.parametrize(
    "request_",
    [
        Request("/good"),
        Request("/good", "HEAD"),
        Request("/fails", expect=(404, 500)),
        Request("/redirects", expect=(302,)),
        Request("/at_the_third_time"),
    ],
    ids=lambda request: f"{request.method} {request.path}",
)
def test_an_expected_answer_is_good(
    server: HTTPServer, process: GuardedProcess, request_: Request
) -> None:
    send(server, process, request_)


def test_the_request_is_the_bursts_own(server: HTTPServer, process: GuardedProcess) -> None:
    send(server, process, Request("/a?b=%20c", headers=(("X-Mine", "1"), ("Host", "example"))))
    (seen,) = server.RequestHandlerClass.seen  # type: ignore[attr-defined]  # ours
    method, path, headers = seen
    assert (method, path) == ("GET", "/a?b=%20c")
    assert headers == {"User-Agent": "pytest-djworkers", "X-Mine": "1", "Host": "example"}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            Request("/fails"),
            "GET /fails answers 500 Internal Server Error where 2xx is expected:"
            " <h1>Server Error</h1>x",
        ),
        (Request("/redirects"), "GET /redirects answers 302 Found to /login where 2xx"),
        (Request("/good", expect=(201, 204)), "answers 200 OK where 201 or 204 is expected: good"),
        (Request("/fails", "HEAD"), "HEAD /fails answers 500"),
    ],
)
def test_an_unexpected_answer_is_told(
    server: HTTPServer, process: GuardedProcess, request_: Request, said: str
) -> None:
    with pytest.raises(ProbeError) as error:
        send(server, process, request_)
    assert said in str(error.value)
    assert len(str(error.value)) < 500


def test_where_any_answer_will_do_any_answer_does(
    server: HTTPServer, process: GuardedProcess
) -> None:
    send(server, process, Request("/fails"), any_answer=True)


@pytest.mark.parametrize(
    ("path", "why"),
    [("/hangs", "timed out"), ("/never_ends", "does not end"), ("/cut", "")],
)
def test_no_whole_answer_in_time_is_told_in_time(
    server: HTTPServer, process: GuardedProcess, path: str, why: str
) -> None:
    began = time.monotonic()
    with pytest.raises(ServerStartError, match=rf"GET {path} got no answer in time \(.*{why}"):
        send(server, process, Request(path), within_s=SHORT_S, any_answer=True)
    assert time.monotonic() - began < SHORT_S * 10


def test_when_the_server_ends_so_does_the_probe(guarded: Guarded) -> None:
    process = guarded("raise SystemExit(4)")
    with socket.socket() as nobody:
        nobody.bind((HOST, 0))
        with pytest.raises(ServerStartError, match=r"it ended \(exit status 4\)"):
            probe(
                nobody.getsockname(),
                Request("/"),
                process,
                any_answer=True,
                deadline=time.monotonic() + LONG_S,
            )
