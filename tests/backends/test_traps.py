"""Servers started in a folder that has modules named like those that they import."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends.command import command_backend
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import BACKENDS
from tests.support.launches import MakeServer, facts, start

OFTEN = ("granian",)
"""Launched in every run of the tests."""
NAMED_LIKE = (
    *("pytest_djworkers", "gunicorn", "uvicorn", "uvicorn_worker", "hypercorn", "daphne"),
    *("granian", "waitress", "cheroot", "uwsgi", "gevent"),
    *("resource", "calendar", "token", "code", "profile", "test"),
)
"""A server's configuration lies beside manage.py as ``gunicorn.py``, and an app is named as a
module of the standard library, none of which is needed to serve."""
TEMPLATES = {
    "gunicorn": "{python} -P -m gunicorn -b {host}:{port} -w {workers} {wsgi}",
    "granian": "{python} -P -m granian --host {host} --port {port} --interface wsgi {wsgi}",
    "hypercorn": "{python} -P -m hypercorn -b {host}:{port} {asgi}",
    "uvicorn": "{python} -P -m uvicorn --host {host} --port {port} {asgi}",
}
EACH = {**BACKENDS, **{f"a {n}": command_backend(f"own={t}") for n, t in TEMPLATES.items()}}


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(backend, id=name, marks=[] if name in OFTEN else [pytest.mark.matrix])
        for name, backend in EACH.items()
    ],
)
def test_a_server_finds_the_entry_in_any_folder(
    make_server: MakeServer, folder: Path, backend: Backend
) -> None:
    """The folder is a package, and has modules named like those that a server imports."""
    (folder / "__init__.py").touch()
    for name in NAMED_LIKE:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(f"raise RuntimeError('loaded {name}')")
    said = facts(start(make_server(backend)))
    assert (said["debug"], said["database"]) == (False, "test.sqlite3")
