"""Real servers on a Unix socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from tests.support.launches import MakeServer, fire, start

OFTEN = ("gunicorn-gevent", "granian")
NAMES = [
    pytest.param(name, marks=[] if name in OFTEN else [pytest.mark.matrix])
    for name, backend in BACKENDS.items()
    if backend.about.unix_socket
]


@pytest.mark.parametrize("name", NAMES)
def test_a_site_is_served_on_a_unix_socket(
    name: str, make_server: MakeServer, folder: Path
) -> None:
    server = make_server(BACKENDS[name], workers=2, on_unix_socket=True)
    # The second launch finds the socket of the first.
    for _ in range(2):
        start(server)
    assert server.url == f"unix:{folder / 'http'}"
    assert server.facts is not None
    assert server.facts.options["unix_socket"] is True
    result = fire(server, connections=20)
    assert result.ok
    assert result.unexpected == 0
    # uWSGI closes each connection.
    assert result.error == 0 or name == "uwsgi"
