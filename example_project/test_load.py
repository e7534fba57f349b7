"""Load tests of the site: `pytest --djworkers=gunicorn-gevent,granian`.

Each test runs once for each backend: 2000 connections for 10 s, unless it says otherwise. The
limits are what two busy cores hold: a fifth or less of what they do when left alone.
"""

from collections.abc import Callable

import pytest

Burst = Callable[..., object]


# Fast enough to answer 2000 connections within the timeout, where the server gives each a turn.
# Granian does; under gevent some connections wait for ever, so that no limit on lateness holds.
@pytest.mark.min_rps(300)
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
@pytest.mark.max_timeouts("25%", backend="granian")
@pytest.mark.max_latency(p50="2s", backend="granian")
def test_json(burst: Burst) -> None:
    burst("/myapp/sync/json")


# The database makes a request a few times dearer. A busy gevent worker takes connections that it
# has not come round to for idle ones and closes them: of errors there may be a quarter.
@pytest.mark.min_rps(40)
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
def test_json_query(burst: Burst) -> None:
    burst("/myapp/sync/json_query")


# The dearest view. Granian's threads work on 512 pages at once, so that all are done late.
@pytest.mark.min_rps(30)
@pytest.mark.min_rps(10, backend="granian")
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
def test_template_query(burst: Burst) -> None:
    burst("/myapp/sync/template_query")


# A view that waits costs next to nothing: what counts is how many requests can wait at once.
# All 2000 can under gevent, 512 in the threads of two Granian workers.
@pytest.mark.min_rps(200, backend="gunicorn-gevent")
@pytest.mark.min_rps(90, backend="granian")
@pytest.mark.max_errors("1%")
def test_gateway_1s(burst: Burst) -> None:
    burst("/myapp/sync/gateway_1s")


# Three waits fit into the burst: at most 600 requests/s under gevent, 154 under Granian. With the
# usual timeout of 2 s every answer would be late.
@pytest.mark.min_rps(100, backend="gunicorn-gevent")
@pytest.mark.min_rps(30, backend="granian")
@pytest.mark.max_errors("1%")
def test_gateway_3s(burst: Burst) -> None:
    burst("/myapp/sync/gateway_3s", timeout="8s")


# One wait needs a longer burst: at most 133 requests/s under gevent, 34 under Granian.
@pytest.mark.burst(duration="15s", timeout="14s")
@pytest.mark.min_rps(25, backend="gunicorn-gevent")
@pytest.mark.min_rps(6, backend="granian")
@pytest.mark.max_errors("1%")
def test_gateway_10s(burst: Burst) -> None:
    burst("/myapp/sync/gateway_10s")


# Nothing but CPU: each answer compresses 58 kB anew.
@pytest.mark.min_rps(40)
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
def test_brotli(burst: Burst) -> None:
    burst("/myapp/sync/brotli")


# The client libraries take most of the time: the upstream, which shares the cores, answers at once.
@pytest.mark.usefixtures("upstream")
@pytest.mark.min_rps(30)
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
def test_requests(burst: Burst) -> None:
    burst("/myapp/sync/requests")


# As above, with the other library.
@pytest.mark.usefixtures("upstream")
@pytest.mark.min_rps(30)
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
def test_httpx(burst: Burst) -> None:
    burst("/myapp/sync/httpx")
