"""The example site under real servers: every response is right, and of the right size."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import brotli
import pytest

PROJECT = Path(__file__).parents[2] / "example_project"
SCRIPTS = Path(sys.executable).parent

START_TIMEOUT_S = 15.0
RESPONSE_TIMEOUT_S = 20.0

SETTINGS = """
from example.settings import *

DEBUG = False
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {database!r}}}}}
"""

SEED_TWICE = """
import django

django.setup()

from django.core.management import call_command
from myapp.models import Author, Book
from myapp.seed import seed

call_command("migrate", verbosity=0)
seed()
first = (Author.objects.count(), Book.objects.count())
seed()
assert first == (Author.objects.count(), Book.objects.count()) and min(first) > 0
"""

# Bytes of a whole response, head included, from the table that the site is to be measured by.
SIZES = {
    "json": 300,
    "json_query": 1_240,
    "template_query": 3_090,
    "gateway_1s": 290,
    "gateway_3s": 290,
    "gateway_10s": 290,
    "brotli": 6_700,
    "requests": 25_600,
    "httpx": 25_600,
}

GUNICORN = ("gunicorn", "--no-control-socket", "--log-level", "warning", "-b", "127.0.0.1:{port}")
GRANIAN = ("granian", "--log-level", "warning", "--host", "127.0.0.1", "--port", "{port}")

COMMANDS = {
    "gunicorn-gevent": (*GUNICORN, "-k", "gevent", "example.wsgi:application"),
    "granian": (*GRANIAN, "--interface", "wsgi", "example.wsgi:application"),
    "granian-asgi": (*GRANIAN, "--interface", "asginl", "example.asgi:application"),
}

KINDS = {"gunicorn-gevent": "sync", "granian": "sync", "granian-asgi": "async"}

CASES = [(server, endpoint) for server in COMMANDS for endpoint in SIZES]


@dataclass(frozen=True)
class Response:
    """One response as it came over the socket."""

    head: bytes
    body: bytes
    took_s: float

    @property
    def size(self) -> int:
        return len(self.head) + len(self.body)

    @property
    def headers(self) -> dict[str, str]:
        # The first line is the status.
        lines = self.head.decode("latin-1").rstrip().split("\r\n")[1:]
        pairs = (line.split(": ", 1) for line in lines)
        return {name.lower(): value for name, value in pairs}


def fetch(port: int, path: str, timeout_s: float = RESPONSE_TIMEOUT_S) -> Response:
    """GET `path` with no header but Host, so that the site decides what is in the response."""
    started_s = time.monotonic()
    with (
        socket.create_connection(("127.0.0.1", port), timeout_s) as connection,
        connection.makefile("rb") as stream,
    ):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = b"".join(iter(stream.readline, b"\r\n")) + b"\r\n"
        response = Response(head, b"", 0.0)
        body = stream.read(int(response.headers["content-length"]))
    return Response(head, body, time.monotonic() - started_s)


def wait_until_ready(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s and server.poll() is None:
        try:
            if fetch(port, "/myapp/sync/json").head.startswith(b"HTTP/1.1 200"):
                return
        # KeyError: half of a response, without its length.
        except (OSError, KeyError):
            time.sleep(0.05)
    pytest.fail(f"the server isn't ready:\n{log.read_text()[-4000:]}", pytrace=False)


@contextmanager
def reserved_port() -> Iterator[int]:
    """Give a port that the kernel gives to nobody else while the server starts."""
    with socket.socket() as placeholder:
        # Both this socket and the server set it, so the server can bind the reserved port, too.
        placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        placeholder.bind(("127.0.0.1", 0))
        yield placeholder.getsockname()[1]


@contextmanager
def running_server(name: str, environ: dict[str, str], folder: Path) -> Iterator[int]:
    """Serve the site, and give the port."""
    log = folder / f"{name}.log"
    with reserved_port() as port, log.open("wb") as log_file:
        program, *arguments = (part.format(port=port) for part in COMMANDS[name])
        server = subprocess.Popen(
            [SCRIPTS / program, *arguments],
            cwd=PROJECT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            start_new_session=True,
        )
        try:
            wait_until_ready(server, port, log)
            yield port
        finally:
            # The whole session: gunicorn and granian have workers.
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def start_upstream() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, PROJECT / "upstream" / "server.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running_upstream() -> Iterator[str]:
    with start_upstream() as upstream:
        assert upstream.stdout is not None
        assert upstream.stdin is not None
        try:
            yield upstream.stdout.readline().strip()
        finally:
            upstream.stdin.close()


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of the site's processes, with a migrated and seeded database."""
    folder = tmp_path_factory.mktemp("site")
    settings = folder / "site_settings.py"
    settings.write_text(SETTINGS.format(database=str(folder / "db.sqlite3")))
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "site_settings",
        "PYTHONPATH": os.pathsep.join([str(folder), str(PROJECT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run([sys.executable, "-c", SEED_TWICE], cwd=PROJECT, env=environ, check=True)
    return environ


@pytest.fixture(scope="module")
def responses(
    environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Response]:
    """Return the response of every endpoint under every server."""
    # All are requested at once, since the slowest takes 10 s.
    folder = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        environ = {**environ, "EXAMPLE_UPSTREAM_URL": stack.enter_context(running_upstream())}
        ports = {
            name: stack.enter_context(running_server(name, environ, folder)) for name in COMMANDS
        }

        def request(case: tuple[str, str]) -> Response:
            server, endpoint = case
            return fetch(ports[server], f"/myapp/{KINDS[server]}/{endpoint}")

        with ThreadPoolExecutor(len(CASES)) as threads:
            return dict(zip(CASES, threads.map(request, CASES), strict=True))


@pytest.mark.parametrize(("server", "endpoint"), CASES)
def test_a_response_has_the_size_of_the_published_table(
    responses: dict[tuple[str, str], Response], server: str, endpoint: str
) -> None:
    response = responses[server, endpoint]
    assert response.head.startswith(b"HTTP/1.1 200 ")
    assert response.size == pytest.approx(SIZES[endpoint], rel=0.1)


@pytest.mark.parametrize("server", COMMANDS)
def test_query_results_are_rows_of_the_database(
    responses: dict[tuple[str, str], Response], server: str
) -> None:
    books = json.loads(responses[server, "json_query"].body)["books"]
    page = responses[server, "template_query"].body.decode()
    assert len({book["isbn"] for book in books}) == len(books) > 1
    assert all(f"{book['title']}</h2>" in page for book in books)
    assert page.count('<article class="book"') > len(books)


@pytest.mark.parametrize("server", COMMANDS)
@pytest.mark.parametrize("wait_s", [1, 3, 10])
def test_the_gateway_view_waits(
    responses: dict[tuple[str, str], Response], server: str, wait_s: int
) -> None:
    response = responses[server, f"gateway_{wait_s}s"]
    assert json.loads(response.body) == {"ok": True, "waited_s": wait_s}
    assert response.took_s >= wait_s


@pytest.mark.parametrize("server", COMMANDS)
def test_the_brotli_view_compresses(
    responses: dict[tuple[str, str], Response], server: str
) -> None:
    response = responses[server, "brotli"]
    body = brotli.decompress(response.body)
    assert response.headers["content-encoding"] == "br"
    assert len(body) > 30_000
    assert len(json.loads(body)) > 100


@pytest.mark.parametrize("server", COMMANDS)
def test_the_body_of_the_upstream_is_passed_on(
    responses: dict[tuple[str, str], Response], server: str
) -> None:
    body = responses[server, "requests"].body
    assert body == responses[server, "httpx"].body
    assert len(json.loads(body)) > 100


@pytest.mark.parametrize("endpoint", ["requests", "httpx"])
def test_without_the_upstream_its_views_fail(
    environ: dict[str, str], tmp_path: Path, endpoint: str
) -> None:
    # Nobody listens on the reserved port, so a call to it is refused.
    with reserved_port() as nobody:
        environ = {**environ, "EXAMPLE_UPSTREAM_URL": f"http://127.0.0.1:{nobody}"}
        with running_server("granian", environ, tmp_path) as port:
            response = fetch(port, f"/myapp/sync/{endpoint}")
    assert response.head.startswith(b"HTTP/1.1 500 ")


def test_the_upstream_ends_with_its_standard_input() -> None:
    with start_upstream() as upstream:
        assert upstream.stdin is not None
        assert upstream.stdout is not None
        url = upstream.stdout.readline()
        assert url.startswith("http://127.0.0.1:")
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
            upstream.stdin.close()
            assert upstream.wait(5) == 0


def test_the_upstream_takes_requests_in_pieces_and_several_at_once() -> None:
    request = b"GET / HTTP/1.1\r\nHost: upstream\r\n\r\n"
    with (
        running_upstream() as url,
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 5) as connection,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # In three pieces: a part of one request; the rest of it, a whole one and a part of a third;
        # and the rest of that.
        connection.sendall(request[:10])
        connection.sendall(request[10:] + request + request[:20])
        connection.sendall(request[20:-4] + b"\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert len(received) % 3 == 0
