"""2000 requests in flight that all query, and PostgreSQL's 100 connections:

    pytest test_pool.py --ds=example.settings_postgres --djworkers=gunicorn-gevent

With `EXAMPLE_POOL_SIZE=0` in the environment most responses are errors, and the failure says why.
"""

from collections.abc import Callable
from typing import Any

import pytest

Burst = Callable[..., Any]


# A busy gevent worker closes connections that it takes for idle ones: none on two free cores, a
# tenth of the requests at a load average of 10. The statuses are about the pool: without it, 97 %
# of the responses are errors.
@pytest.mark.min_rps(20)
@pytest.mark.max_errors("25%")
def test_json_query(burst: Burst) -> None:
    result = burst(
        "/myapp/sync/json_query", connections=2000, duration="20s", warmup="3s", timeout="60s"
    )
    assert result.statuses == {200: result.ok}
