"""Runs over TLS and on a Unix socket, and of sites that redirect to HTTPS, as users see them."""

from __future__ import annotations

import json

import pytest

from tests.support.revisions import FLAGS
from tests.support.site import BEHIND_A_PROXY, REDIRECTS, SETTINGS, Site

LONGER = ("--djworkers-duration=1s",)
"""On a busy machine, a server may respond to nothing for a moment."""
TESTS = """
def test_json(burst, djworkers_server):
    burst("/json")
    assert djworkers_server.url.startswith("{}:")

@pytest.mark.django_db(transaction=True)
def test_post(burst):
    burst("/add", method="POST", expect=(200, 201, 403, 404))
"""


def options(site: Site) -> list[dict[str, bool]]:
    """Return how each burst in the report reached its server: a part of a baseline's key."""
    bursts = json.loads((site.folder / "load.json").read_text())["bursts"]
    found = [one["record"]["result"]["server"]["options"] for one in bursts]
    return [{name: one[name] for name in ("tls", "unix_socket") if name in one} for one in found]


@pytest.mark.matrix
def test_a_site_that_redirects_is_measured_over_tls(site: Site) -> None:
    site.write("settings.py", SETTINGS + REDIRECTS)
    site.test(TESTS.format("https"))
    run = site.burst("--djworkers-tls", *LONGER, "--djworkers-report=load.json")
    run.assert_outcomes(passed=2)
    run.stdout.fnmatch_lines(
        "djworkers: granian *; 1 worker each, over TLS (a certificate made for this run); gen*"
    )
    assert options(site) == [{"tls": True}, {"tls": True}]
    # Its key was in the run's folder.
    assert "PRIVATE KEY" not in (site.folder / "load.json").read_text()


@pytest.mark.matrix
def test_a_site_that_redirects_is_measured_as_behind_its_proxy(site: Site) -> None:
    site.write("settings.py", SETTINGS + REDIRECTS + BEHIND_A_PROXY)
    site.test(TESTS.format("unix"))
    run = site.burst("--djworkers-unix-socket", *LONGER, "--djworkers-report=load.json")
    run.assert_outcomes(passed=2)
    run.stdout.fnmatch_lines(
        [
            "djworkers: granian *; 1 worker each, on a Unix socket; generator asyncio",
            "djworkers: sends X-Forwarded-Proto: https, as the site's SECURE_PROXY_SSL_HEADER"
            " names it, since SECURE_SSL_REDIRECT is on",
        ]
    )
    assert options(site) == [{"unix_socket": True}, {"unix_socket": True}]


@pytest.mark.matrix
@pytest.mark.parametrize("flag", ["--djworkers-tls", "--djworkers-unix-socket"])
def test_revisions_are_compared_over_it(flag: str, revisions: Site) -> None:
    run = revisions.pytest(*FLAGS, flag, timeout_s=120)
    # Any verdict will do: this machine may be busy.
    run.stdout.re_match_lines([r"  granian +(ok|regressed|improved|inconclusive) .* → "])
