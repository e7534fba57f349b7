"""A site that is served, and loaded, at another address of this machine."""

from __future__ import annotations

import pytest
from pytest import ExitCode  # noqa: PT013  # `pytest` is a method of Site

from tests.support.site import URLS, Site

NAMED = """

def named(request):
    return HttpResponse(status=200 if request.get_host().startswith("127.0.0.2:") else 500)


urlpatterns.append(path("named", named))
"""
TEST = "def test_named(burst):\n    burst('/named')"
NOTE = "djworkers: serves the site at 127.0.0.2, for everyone who reaches this address"


@pytest.mark.matrix
@pytest.mark.parametrize("generator", ["asyncio", "wrk"])
def test_a_burst_goes_to_the_address_and_names_it_as_the_host(site: Site, generator: str) -> None:
    site.write("urls.py", URLS + NAMED)
    site.test(TEST)
    # wrk's shortest burst.
    shape = "--djworkers-duration=1s"
    result = site.burst(f"--djworkers-generator={generator}", shape, "--djworkers-bind=127.0.0.2")
    assert result.ret == ExitCode.OK
    assert NOTE in result.outlines


@pytest.mark.matrix
def test_both_arms_of_a_comparison_are_served_there(site: Site) -> None:
    site.write("urls.py", URLS + NAMED)
    site.test(TEST)
    result = site.burst(
        "--djworkers-bind=127.0.0.2",
        "--djworkers-compare-backends",
        backends="granian,gunicorn-sync",
    )
    assert result.ret == ExitCode.OK, result.outlines
    assert NOTE in result.outlines
