"""Real launches on a small site: a few backends of different makes, in the matrix all of them."""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.protocol import Backend, workers_of
from pytest_djworkers.backends.registry import BACKENDS, BUILT_IN
from pytest_djworkers.databases.sessions import application_name
from pytest_djworkers.errors import BusyMachineError, ProbeError, ServerStartError
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.server import server as server_module
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.machine_lock import MachineLock
from tests.support.launches import JSON, MakeServer, facts, start
from tests.support.listener import listener
from tests.support.processes import all_gone, lives, mentioning, until

SLEEP = b"GET /sleep/100 HTTP/1.1\r\nHost: a\r\n\r\n"


OFTEN = ("gunicorn-gevent", "granian")
"""Launched in every run of the tests."""
BY_NAME = [
    pytest.param(name, marks=[] if name in OFTEN else [pytest.mark.matrix]) for name in BACKENDS
]
HOLDING = [
    "gunicorn-gthread:threads=64",
    "gunicorn-gevent",
    "granian",
    "waitress:threads=64",
    "uvicorn:loop=asyncio",
    "hypercorn",
    "daphne",
    "granian-asgi",
]
"""Those that keep connections alive, each with enough threads. Not gunicorn-sync, uwsgi and
cheroot, which close them; not what runs on uvloop, which accepts one connection in each turn of
its busy loop; not runserver and gunicorn-asgi, whose backlog is small."""


@pytest.fixture(params=BY_NAME)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend in turn."""
    return BACKENDS[request.param]


def test_a_launched_server_serves_the_site_with_its_workers(
    make_server: MakeServer, backend: Backend, folder: Path
) -> None:
    workers = workers_of(backend, 2)
    server = start(make_server(backend, workers=2))
    assert server.facts is not None
    said = facts(server)
    assert said["pid"] in server.workers
    assert len(server.workers) == workers
    assert server.workers <= server.pids
    assert all(map(lives, server.pids))
    assert (said["debug"], said["database"]) == (False, "test.sqlite3")
    assert said["environment"]["PGAPPNAME"] == application_name()
    assert server.facts is not None
    assert (server.facts.backend, server.facts.workers) == (backend.about.name, workers)
    assert 0 < server.facts.launch_s < 30
    assert not (folder / "ready").exists()


def test_a_server_is_ready_when_its_slowest_worker_is(
    make_server: MakeServer, backend: Backend, folder: Path
) -> None:
    """Whichever worker imports the settings second reports a file when it is done."""
    if backend.about.max_workers == 1:
        pytest.skip("this backend is a single process: no worker can be slower")
    with (folder / "site_settings.py").open("a") as file:
        file.write("""
import os, time
try:
    os.close(os.open("first", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    time.sleep(1)
    open("second", "w").close()
""")
    start(make_server(backend, workers=2))
    assert (folder / "second").exists()


@pytest.mark.matrix
def test_a_server_is_launched_again_on_the_same_port(
    make_server: MakeServer, backend: Backend
) -> None:
    server = make_server(backend)
    seen = set()
    for _ in range(10):
        start(server)
        seen.add(facts(server)["pid"])
    assert len(seen) == 10


def refuse_busy_machine() -> None:
    """Raise BusyMachineError where a server holds it."""
    lock = MachineLock(wait_at_most_s=0)
    lock.acquire()
    lock.release()


def test_stopping_leaves_no_process(
    make_server: MakeServer, backend: Backend, folder: Path
) -> None:
    server = start(make_server(backend, workers=2))
    assert len(mentioning(folder)) > workers_of(backend, 2)
    with socket.create_connection((server.host, server.port)) as busy:
        busy.sendall(b"GET /sleep/30000 HTTP/1.1\r\nHost: a\r\n\r\n")
        server.stop()
    assert not mentioning(folder)
    assert server.pids == frozenset()
    refuse_busy_machine()
    server.stop()


def test_servers_that_replace_workers_do(
    make_server: MakeServer,
) -> None:
    server = start(make_server(BACKENDS["gunicorn-gevent"]))
    first = facts(server)["pid"]
    os.kill(first, signal.SIGKILL)
    until(lambda: not lives(first))
    until(lambda: answers(server))
    assert facts(server)["pid"] != first


def answers(server: Server) -> bool:
    """Return whether the server responds now."""
    try:
        return bool(facts(server))
    except OSError:
        return False


def test_a_server_that_dies_during_its_start_is_explained(
    make_server: MakeServer, backend: Backend, folder: Path
) -> None:
    (folder / "site_settings.py").write_text("import no_such_module")
    server = make_server(backend)
    with pytest.raises(ServerStartError) as error:
        start(server)
    text = str(error.value)
    assert text.startswith(
        f"{backend.about.name} did not start: a worker could not load the site\n"
    )
    settings = folder / "site_settings.py"
    assert (
        "\nthe first error in its log: ModuleNotFoundError: No module named 'no_such_module', at"
        f" {settings}:1 in <module>\n"
    ) in text
    assert "The end of its log:" in text
    assert "No module named 'no_such_module'" in text
    assert server.facts is None
    assert not mentioning(folder)


def test_a_server_that_never_gets_ready_is_ended_at_the_time_limit(
    make_server: MakeServer, backend: Backend, folder: Path
) -> None:
    with (folder / "site_settings.py").open("a") as file:
        file.write("import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(
        ServerStartError,
        match=r"0 of 1 workers got ready in time \(within --djworkers-startup-timeout=1s\)",
    ):
        start(make_server(backend, startup_timeout_s=1.0))
    assert time.monotonic() - began < 10
    assert not mentioning(folder)


def test_a_failed_probe_is_explained_with_the_traceback(
    make_server: MakeServer, backend: Backend, folder: Path
) -> None:
    with pytest.raises(ProbeError) as error:
        start(make_server(backend), SentRequest("/fails"))
    assert f"{backend.about.name}: GET /fails returned 500" in str(error.value)
    assert "ZeroDivisionError: this view always fails" in str(error.value)
    assert not mentioning(folder)


def test_a_view_slower_than_the_startup_timeout_is_an_error(make_server: MakeServer) -> None:
    server = make_server(Granian(), startup_timeout_s=2.0)
    with pytest.raises(ProbeError) as error:
        start(server, SentRequest("/sleep/30000"))
    assert str(error.value).startswith(
        "granian: GET /sleep/30000 got no response in time (timed out)"
        " (within --djworkers-startup-timeout=2s)"
    )


def test_variables_that_configure_servers_do_not_reach_the_server(
    make_server: MakeServer, backend: Backend, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = {
        "WEB_CONCURRENCY": "7",
        "GUNICORN_CMD_ARGS": "--threads=no-number --bind=127.0.0.1:1",
        "GRANIAN_PORT": "1",
        "GRANIAN_WORKERS": "no-number",
        "UVICORN_PORT": "1",
        "UVICORN_WORKERS": "7",
        "HYPERCORN_BIND": "127.0.0.1:1",
        "UWSGI_PROCESSES": "7",
        "UWSGI_HTTP_SOCKET": "127.0.0.1:1",
        "DAPHNE_PORT": "1",
        "LISTEN_FDS": "1",
        "LISTEN_PID": str(os.getpid()),
        "PYTHONWARNINGS": "error",
        "PYTHONDEVMODE": "1",
        "COVERAGE_PROCESS_START": "/no/such/file",
    }
    for name, value in stray.items():
        monkeypatch.setenv(name, value)
    (folder / "gunicorn.conf.py").write_text("raise SystemExit('loaded')")
    server = start(make_server(backend))
    said = facts(server)["environment"]
    assert len(server.workers) == 1
    assert not {"WEB_CONCURRENCY", "LISTEN_FDS", "LISTEN_PID"} & said.keys()
    assert not [name for name in said if name.startswith(("PYTHONWARN", "PYTHONDEV", "COVERAGE_"))]
    assert not {name for name in stray if name.startswith(backend.about.scrubbed)} & said.keys()


@pytest.mark.matrix
@pytest.mark.parametrize("spec", HOLDING)
def test_a_server_holds_the_connections_of_a_burst(
    make_server: MakeServer, folder: Path, spec: str
) -> None:
    """All of them are served though none of them ever rests."""
    connections = 1100
    with (folder / "site_settings.py").open("a") as file:
        file.write("MIDDLEWARE = ['django.middleware.common.CommonMiddleware']")
    server = start(make_server(BUILT_IN.find(spec)), connections=connections)
    clients = {}
    served: set[int] = set()
    poll = select.poll()
    with ExitStack() as stack:
        for _ in range(connections):
            client = stack.enter_context(socket.create_connection((server.host, server.port), 15))
            client.sendall(SLEEP)
            clients[client.fileno()] = client
            poll.register(client, select.POLLIN)
        deadline = time.monotonic() + 15
        while len(served) < connections and time.monotonic() < deadline:
            for fd, _ in poll.poll(1000):
                piece = clients[fd].recv(4096)
                assert piece
                if b"}" in piece:
                    served.add(fd)
                    clients[fd].sendall(SLEEP)
    assert len(served) == connections


def test_too_many_connections_for_the_limit_on_files_are_refused_before_the_start(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    server = make_server(Granian())
    with pytest.raises(ServerStartError) as error:
        start(server, connections=2000)
    assert str(error.value) == (
        "granian can't be started: 2000 connections need 2064 file descriptors and the hard limit"
        " is 1024: raise it (ulimit -Hn 2064) or ask for fewer connections"
    )
    assert not mentioning(folder)


def test_the_facts_have_the_limit_on_connections_and_the_backlog(make_server: MakeServer) -> None:
    server = start(make_server(BUILT_IN.find("granian:backpressure=5")), connections=8)
    assert server.facts is not None
    assert (server.facts.max_connections, server.facts.backlog) == (5, server.backlog)


def test_another_process_on_the_port_is_an_error(make_server: MakeServer) -> None:
    server = make_server(Granian())
    # As granian listens: two of them share a port without a word.
    with (
        listener("SO_REUSEADDR", "SO_REUSEPORT", port=server.port) as (pid, _),
        pytest.raises(
            ServerStartError, match=f"process {pid} also listens on port {server.port}, and"
        ),
    ):
        start(server)


def test_a_server_is_not_started_during_another_runs_burst(
    make_server: MakeServer, folder: Path
) -> None:
    other = MachineLock()
    other.acquire()
    with pytest.raises(BusyMachineError):
        start(make_server(Granian()))
    other.release()
    assert not mentioning(folder)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_launch_leaves_no_process(
    make_server: MakeServer,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    interruption: type[BaseException],
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise interruption

    monkeypatch.setattr(server_module, "probe", interrupted)
    with pytest.raises(interruption):
        start(make_server(Granian()))
    assert not mentioning(folder)
    refuse_busy_machine()


def test_the_other_parts_of_a_mix_are_not_of_the_launch(make_server: MakeServer) -> None:
    server = make_server(BACKENDS["granian"])
    began = time.monotonic()
    server.launch(BurstNeeds(8, JSON, others=(SentRequest("/sleep/1000"),)))
    assert server.facts is not None
    assert server.facts.launch_s < time.monotonic() - began - 1


def test_each_launch_has_a_new_log(make_server: MakeServer) -> None:
    server = make_server(Granian())
    server.log.write_text("of the launch before\n")
    start(server)
    assert "before" not in server.log.read_text()


def test_a_server_ends_with_the_process_that_is_watched(make_server: MakeServer) -> None:
    watched = subprocess.Popen(["sleep", "60"])
    server = start(make_server(Granian(), watch=(watched.pid,)))
    pids = list(server.pids)
    watched.kill()
    until(lambda: all_gone(pids))
    watched.wait()
