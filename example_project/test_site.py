"""Load tests of the site as its visitors use it: several pages at once."""

from collections.abc import Callable

import pytest

from pytest_djworkers import Request

Burst = Callable[..., object]


# Most visitors look at a page, some search, and an app asks for the catalogue as JSON. The weights
# are of requests, so an expensive page keeps its share, and the fast ones wait for it.
@pytest.mark.burst(connections=64)
@pytest.mark.min_rps(30)
@pytest.mark.max_errors("1%")
@pytest.mark.max_latency(p50="4s", part="the list")
@pytest.mark.max_timeouts("50%", part="GET /myapp/sync/json")
def test_visitors(burst: Burst) -> None:
    burst(
        mix={
            "/myapp/sync/json": 6,
            "/myapp/sync/json_query": 3,
            Request("/myapp/sync/template_query", name="the list"): 1,
        }
    )
