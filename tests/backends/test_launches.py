"""Launches of every backend: all workers are ready, and no process is left behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_djworkers.backends.command import command_backend
from pytest_djworkers.backends.protocol import Backend, workers_of
from pytest_djworkers.backends.registry import BACKENDS, BUILT_IN
from pytest_djworkers.server.ready import other_listeners
from pytest_djworkers.system.port import LOOPBACK
from tests.support.launches import MakeServer, facts, start
from tests.support.processes import all_gone, lives, mentioning, until

STRAY = {
    "WEB_CONCURRENCY": "7",
    "GUNICORN_CMD_ARGS": "--workers=7 --bind=127.0.0.1:1",
    "GRANIAN_WORKERS": "7",
    "UVICORN_WORKERS": "7",
    "HYPERCORN_WORKERS": "7",
    "UWSGI_PROCESSES": "7",
}
"""Variables that configure servers, which must not reach them."""


@pytest.mark.parametrize("name", BACKENDS)
def test_it_is_launched_with_its_workers_and_leaves_no_process(
    make_server: MakeServer, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in STRAY.items():
        monkeypatch.setenv(variable, value)
    (folder / "gunicorn.conf.py").write_text("raise SystemExit('loaded')")
    backend: Backend = BACKENDS[name]
    server = start(make_server(backend, workers=2))
    workers = workers_of(backend, 2)
    said = facts(server)
    assert (said["debug"], said["database"]) == (False, "test.sqlite3")
    assert said["pid"] in server.workers
    assert len(server.workers) == workers
    assert all(map(lives, server.workers))
    # A master, and what spawned processes share; but not workers that nobody asked for.
    assert workers <= len(server.pids) <= workers + 2
    assert server.backlog is not None
    started = server.pids
    server.stop()
    assert all_gone(started)
    assert not mentioning(folder)


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["gunicorn-sync", "granian", "uwsgi", "uvicorn", "hypercorn"])
def test_the_workers_in_a_spec_override_the_default(make_server: MakeServer, name: str) -> None:
    server = start(make_server(BUILT_IN.find(f"{name}:workers=3"), workers=1))
    assert len(server.workers) == 3
    assert server.backend == f"{name}:workers-3"
    assert server.facts is not None
    assert server.facts.workers == 3


GUNICORN_CONF = """
def post_worker_init(worker):
    open("the-projects-own-hook", "w").close()
bind = "127.0.0.1:1"
workers = 7
"""
UWSGI_INI = "[uwsgi]\nprocesses = 7\nexec-post-app = touch the-projects-own-hook\n"


@pytest.mark.parametrize(
    ("spec", "file", "text"),
    [
        ("gunicorn-sync:config=gunicorn.conf.py", "gunicorn.conf.py", GUNICORN_CONF),
        ("gunicorn-gevent:config=gunicorn.conf.py", "gunicorn.conf.py", GUNICORN_CONF),
        ("uwsgi:ini=uwsgi.ini", "uwsgi.ini", UWSGI_INI),
    ],
)
def test_a_setting_names_the_projects_own_configuration(
    make_server: MakeServer, folder: Path, spec: str, file: str, text: str
) -> None:
    (folder / file).write_text(text)
    server = start(make_server(BUILT_IN.find(spec), workers=2))
    assert len(server.workers) == 2
    assert (folder / "the-projects-own-hook").exists()
    assert server.facts is not None
    assert file in server.facts.options.values()


PRELOADED = """
import os
preload_app = True

def post_worker_init(worker):
    open(f"worker-{os.getpid()}", "w").close()
"""
EACH_WORKER_ONCE = """
from uwsgidecorators import postfork
import os, uwsgi

@postfork
def note():
    if uwsgi.worker_id():
        open(f"worker-{os.getpid()}", "w").close()
"""
UWSGI = (
    "uwsgi --http-socket {host}:{port} --master --processes {workers} --need-app --die-on-term"
    " --disable-logging --module {wsgi}"
)


@pytest.mark.parametrize(
    ("spec", "workers"),
    [
        ("gunicorn-sync:config=gunicorn.conf.py", 2),
        *(
            pytest.param(spec, workers, marks=pytest.mark.matrix)
            for spec, workers in [
                ("gunicorn-sync:config=gunicorn.conf.py", 1),
                ("gunicorn-gevent:config=gunicorn.conf.py", 2),
                ("gunicorn-gthread:config=gunicorn.conf.py", 1),
                ("gunicorn-asgi:config=gunicorn.conf.py", 2),
                ("gunicorn-uvicorn:config=gunicorn.conf.py", 2),
                ("a uwsgi", 1),
                ("a uwsgi", 3),
            ]
        ),
    ],
)
def test_workers_forked_after_the_site_was_loaded_are_known(
    make_server: MakeServer, folder: Path, spec: str, workers: int
) -> None:
    (folder / "gunicorn.conf.py").write_text(PRELOADED)
    if spec == "a uwsgi":
        with (folder / "site_settings.py").open("a") as settings:
            settings.write(EACH_WORKER_ONCE)
        program = Path(sys.executable).with_name("uwsgi")
        backend: Backend = command_backend(f"own={UWSGI.replace('uwsgi', str(program), 1)}")
    else:
        backend = BUILT_IN.find(spec)
    server = start(make_server(backend, workers=workers))
    said = facts(server)
    assert said["pid"] in server.workers
    # They say so when they are forked, and note it when they have begun.
    until(lambda: len(list(folder.glob("worker-*"))) == workers)
    noted = {int(file.name.partition("-")[2]) for file in folder.glob("worker-*")}
    assert server.workers == noted


@pytest.mark.parametrize(
    "name",
    [
        one if one in {"granian", "daphne"} else pytest.param(one, marks=pytest.mark.matrix)
        for one in BACKENDS
    ],
)
def test_it_serves_at_another_address_of_this_machine(make_server: MakeServer, name: str) -> None:
    server = start(make_server(BACKENDS[name], host="127.0.0.2"))
    assert server.url == f"http://127.0.0.2:{server.port}"
    assert server.target.address == ("127.0.0.2", server.port)
    assert facts(server)["pid"] in server.workers
    # Nowhere else: the address is chosen so that others reach it, or don't.
    ours = {f"process {pid}" for pid in server.pids}
    assert not ours & set(other_listeners(LOOPBACK, server.port, frozenset()))
