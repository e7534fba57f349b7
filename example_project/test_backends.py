"""Every endpoint under any backend: complete responses, and each of 100 connections is served.

A server must be able to do this before its figures mean anything, so there are no limits on speed.
`make matrix` runs these tests under all backends. To run them by hand:

    pytest test_backends.py --djworkers=uvicorn,uwsgi:threads=50
"""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

CONNECTIONS = 100
RESPONSES_EACH = 3
"""The number of responses that each connection must be able to get in the burst."""

BODY_BYTES = {
    "json": 35,
    "json_query": 971,
    "template_query": 2_763,
    "gateway_1s": 27,
    "gateway_3s": 27,
    "gateway_10s": 28,
    "brotli": 6_331,
    "requests": 25_263,
    "httpx": 25_263,
}
WAITS_S = {"gateway_1s": 1, "gateway_3s": 3, "gateway_10s": 10}
SECONDS = {"json": 1.5, "json_query": 2.5, "template_query": 4, "brotli": 3}
"""The length of the burst for views that compute; the others call the upstream, and are slower."""
SLOWEST_S = 8
LONGER = 5
"""The second burst is this many times as long, if the machine was too busy for the first."""

COMPUTING = {"json_query", "template_query", "brotli"}
NOT_UNDER_GEVENT = pytest.mark.djworkers(
    skip=["gunicorn-gevent"], reason="a view that only computes starves connections there"
)

VIEWS_AT_ONCE = {
    "gunicorn-sync": 1,
    "gunicorn-gthread": 1,
    "uwsgi": 1,
    "waitress": 4,
    "cheroot": 10,
}
"""The number in each worker, if it is fewer than the connections and no setting changes it."""
ASGI = ["uvicorn", "gunicorn-uvicorn", "gunicorn-asgi", "hypercorn", "daphne", "granian-asgi"]

pytestmark = [
    pytest.mark.usefixtures("upstream"),
    pytest.mark.burst(warmup="500ms", timeout="90s"),
    pytest.mark.min_rps(1),
    pytest.mark.max_errors(0),
]


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param(name, marks=NOT_UNDER_GEVENT if name in COMPUTING else ())
        for name in BODY_BYTES
    ],
)
def test_sync(burst: Any, endpoint: str) -> None:
    serves(burst, "sync", endpoint)


@pytest.mark.djworkers(only=ASGI, reason="async views gain nothing under WSGI, and gevent can't")
@pytest.mark.parametrize("endpoint", BODY_BYTES)
def test_async(burst: Any, endpoint: str) -> None:
    serves(burst, "async", endpoint)


def serves(burst: Any, kind: str, endpoint: str) -> None:
    """Check that a burst serves every connection, and that a response after it has its size."""
    path = f"/myapp/{kind}/{endpoint}"
    duration_s = long_enough(burst.server, endpoint)
    result = burst(path, connections=CONNECTIONS, duration=duration_s)
    if not everybody_is_served(result):
        result = burst(
            path, connections=CONNECTIONS, duration=LONGER * duration_s, name=f"{path} for longer"
        )
    assert everybody_is_served(result), result.connections
    with urllib.request.urlopen(f"{burst.server.url}{path}", timeout=90) as response:
        assert len(response.read()) == BODY_BYTES[endpoint]


def everybody_is_served(result: Any) -> bool:
    enough = result.ok >= CONNECTIONS * RESPONSES_EACH
    return enough and result.connections.served == CONNECTIONS and not result.starved


def long_enough(server: Any, endpoint: str) -> float:
    """Return the seconds in which each connection gets its responses, one after the other."""
    wait_s = WAITS_S.get(endpoint)
    if wait_s is None:
        return SECONDS.get(endpoint, SLOWEST_S)
    name, *settings = server.backend.split(":")
    threads = next(
        (
            int(setting.removeprefix("threads-"))
            for setting in settings
            if setting.startswith("threads-")
        ),
        None,
    )
    # The views wait, so a worker serves as many connections at once as it has threads.
    in_each = threads or VIEWS_AT_ONCE.get(name, CONNECTIONS)
    turns: int = -(-CONNECTIONS // min(CONNECTIONS, in_each * server.target.workers))
    return (RESPONSES_EACH * turns + 1) * wait_s
