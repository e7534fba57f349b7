"""A user's first load test, under both backends of the example."""

from __future__ import annotations

import pytest

from tests.support.site import Site


@pytest.mark.parametrize("backend", ["gunicorn-gevent", "granian"])
def test_a_burst_is_fired_and_its_limits_are_checked(site: Site, backend: str) -> None:
    site.test(
        f"""
@pytest.mark.min_rps(1)
@pytest.mark.max_errors(0)
def test_json(burst):
    result = burst("/users")
    assert result.ok > 0
    assert result.server.backend == "{backend}"
"""
    )
    result = site.burst(backends=backend)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*, fired by asyncio -*", "GET /users  (test_json)", f"  {backend} */8*"]
    )
