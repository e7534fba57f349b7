"""One launch of every backend: ready, as many workers as asked for, a good reply, nothing left."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends.protocol import Backend, workers_of
from pytest_djworkers.backends.registry import BACKENDS, OURS
from tests.server.test_launch import MakeServer, facts, folder, lock, make_server, start
from tests.server.watching import all_gone, lives, mentioning

__all__ = ["folder", "lock", "make_server"]

STRAY = {
    "WEB_CONCURRENCY": "7",
    "GUNICORN_CMD_ARGS": "--workers=7 --bind=127.0.0.1:1",
    "GRANIAN_WORKERS": "7",
    "UVICORN_WORKERS": "7",
    "HYPERCORN_WORKERS": "7",
    "UWSGI_PROCESSES": "7",
}
"""What must not reach them: settings of theirs in the environment."""


@pytest.mark.parametrize("name", BACKENDS)
def test_it_is_launched_with_its_workers_and_leaves_nothing(
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


@pytest.mark.parametrize("name", ["gunicorn-sync", "granian", "uwsgi", "uvicorn", "hypercorn"])
def test_the_workers_of_a_spec_are_its_own(make_server: MakeServer, name: str) -> None:
    server = start(make_server(OURS.known(f"{name}:workers=3"), workers=1))
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
def test_the_projects_own_configuration_is_one_setting_away(
    make_server: MakeServer, folder: Path, spec: str, file: str, text: str
) -> None:
    (folder / file).write_text(text)
    server = start(make_server(OURS.known(spec), workers=2))
    assert len(server.workers) == 2
    assert (folder / "the-projects-own-hook").exists()
    assert server.facts is not None
    assert file in server.facts.options.values()
