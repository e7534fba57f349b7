"""Streams: `pytest test_streams.py --djworkers=gunicorn-gevent,granian,uvicorn`.

Under ASGI, Django reads a plain generator to its end before it sends anything, so each kind of
server has the view that suits it.
"""

from collections.abc import Callable
from typing import Any

import pytest

Burst = Callable[..., Any]
ASGI = ["daphne", "granian-asgi", "gunicorn-asgi", "gunicorn-uvicorn", "hypercorn", "uvicorn"]

pytestmark = pytest.mark.burst(connections=20, duration="3s", warmup="500ms")


# The whole response takes 300 ms, for which the view sleeps between its pieces.
@pytest.mark.djworkers(skip=ASGI, reason="a plain generator")
@pytest.mark.max_latency(p50="150ms", phase="first_byte")
@pytest.mark.max_errors("1%")
def test_stream(burst: Burst) -> None:
    result = burst("/myapp/sync/stream")
    assert result.latency.p50 >= 0.3


@pytest.mark.djworkers(only=ASGI, reason="an async generator")
@pytest.mark.max_latency(p50="150ms", phase="first_byte")
@pytest.mark.max_errors("1%")
def test_async_stream(burst: Burst) -> None:
    result = burst("/myapp/async/stream")
    assert result.latency.p50 >= 0.3


# Each stream is read for a second, in which ten events come.
@pytest.mark.djworkers(only=ASGI, reason="an async generator")
@pytest.mark.max_latency(p50="150ms", phase="first_event")
@pytest.mark.max_timeouts("1%")
@pytest.mark.max_errors("1%")
def test_events(burst: Burst) -> None:
    result = burst("/myapp/async/events", stream="1s")
    assert result.events.per_s >= 2 * result.connections.requested
