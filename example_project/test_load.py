"""Load tests of the site: `pytest --djworkers=gunicorn-gevent,granian`.

Each test runs once for each backend: 2000 connections for 10 s, unless it says otherwise. The
limits hold on two busy cores: they are a fifth or less of the figures on two idle ones.
"""

from collections.abc import Callable

import pytest

Burst = Callable[..., object]


# Fast enough for 2000 connections within the timeout, if the server serves all of them. Granian
# does. Under gevent some wait for ever, so no limit on timeouts or latency would hold.
@pytest.mark.min_rps(300)
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
@pytest.mark.max_timeouts("25%", backend="granian")
@pytest.mark.max_latency(p50="2s", backend="granian")
def test_json(burst: Burst) -> None:
    burst("/myapp/sync/json")


# With the database a request costs a few times as much. A busy gevent worker takes connections that
# it has not served yet for idle ones and closes them, so a quarter may be errors.
# Books and authors come by one query: by one for each author, it would be an N+1.
@pytest.mark.min_rps(40)
@pytest.mark.max_queries(1)
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
def test_json_query(burst: Burst) -> None:
    burst("/myapp/sync/json_query")


# The most expensive view. Granian's threads work on 512 pages at once, so all of them are late.
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
# usual timeout of 2 s every response would be late.
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


# Nothing but CPU: each response compresses 58 kB anew.
@pytest.mark.min_rps(40)
@pytest.mark.max_errors("1%", backend="granian")
@pytest.mark.max_errors("25%", backend="gunicorn-gevent")
def test_brotli(burst: Burst) -> None:
    burst("/myapp/sync/brotli")


# The client libraries take most of the time: the upstream, on the same cores, responds at once.
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
