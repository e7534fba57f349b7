"""The number of connections that a server's settings let it hold."""

from __future__ import annotations

import pytest

from pytest_djworkers.backends.capacity import max_connections
from pytest_djworkers.backends.command import command_backend
from pytest_djworkers.backends.protocol import Backend, LaunchPlan
from pytest_djworkers.backends.registry import BACKENDS, BUILT_IN

PLAN = LaunchPlan("127.0.0.1", 4321, 2, 2000)


@pytest.mark.parametrize(
    ("spec", "connections"),
    [
        ("granian:backpressure=100", 200),
        ("granian-asgi:backpressure=100", 200),
        ("gunicorn-gevent:worker-connections=300", 600),
        ("gunicorn-gthread:worker-connections=300", 600),
        ("uvicorn:limit-concurrency=50", 100),
        ("waitress:connection-limit=1000", 1000),
        ("uvicorn", None),
        ("gunicorn-sync", None),
        ("gunicorn-gevent:config=CONTRIBUTING.md", None),
    ],
)
def test_the_limit_is_what_users_have_set(spec: str, connections: int | None) -> None:
    assert max_connections(BUILT_IN.find(spec), PLAN) == connections


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=list(BACKENDS))
def test_without_settings_a_server_holds_the_bursts_connections(backend: Backend) -> None:
    assert (max_connections(backend, PLAN) or PLAN.connections) >= PLAN.connections


def test_the_limit_of_a_command_is_unknown() -> None:
    assert max_connections(command_backend("own = {python} -m own {port} {wsgi}"), PLAN) is None
