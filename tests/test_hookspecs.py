"""The hooks, and the environment that users give the served site, as a run sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.revisions import ANY_SPEED, FLAGS
from tests.support.site import Site

CONFTEST = """

import os


@pytest.fixture(scope="session")
def djworkers_environment():
    return {"COLOUR": "blue"}


def pytest_djworkers_ready(item, server):
    with open("ready.txt", "a") as file:
        file.write(f"{item.name} {server.backend} {server.arm or '-'} {bool(server.url)}\\n")


def pytest_djworkers_check_response(request, response):
    if "users" in request and b"1" not in response.body:
        return "not one user"
    if "created" in request:
        return f"{response.status} with {len(response.headers)} headers is not for us"
    if "redirects" in request:
        return 3
"""


def with_hooks(site: Site) -> Site:
    """Return the site, whose conftest.py implements the hooks from now on."""
    conftest = site.folder / "conftest.py"
    site.write("conftest.py", conftest.read_text() + CONFTEST)
    return site


@pytest.fixture
def hooked(site: Site) -> Site:
    """A site whose conftest.py implements the hooks."""
    return with_hooks(site)


def test_hooks_are_called_before_any_load_and_can_refuse_a_response(hooked: Site) -> None:
    hooked.test(
        """
def test_environment(burst):
    burst("/facts", contains='"COLOUR": "blue"')

def test_without_a_burst(djworkers_server):
    pass

def test_users(burst):
    burst("/users")

def test_refused(burst):
    burst("/created")

def test_refused_part(burst):
    burst(mix={"/json": 1, "/created": 1})

def test_no_text(burst):
    burst("/redirects", expect=302)

def test_post(burst):
    burst("/created", method="POST")
"""
    )
    result = hooked.burst()
    result.assert_outcomes(passed=4, failed=3)
    refused = "granian: GET /created: 201 with * headers is not for us"
    result.stdout.fnmatch_lines([refused, refused])
    result.stdout.fnmatch_lines(
        ["*a hook pytest_djworkers_check_response returned 3: it must return a text*"]
    )
    ready = (hooked.folder / "ready.txt").read_text().splitlines()
    names = ("environment", "without_a_burst", "users", "post")
    assert ready == [f"test_{name}[granian] granian - True" for name in names]


@pytest.mark.matrix
def test_a_comparison_calls_them_for_both_arms(revisions: Site) -> None:
    hooked = with_hooks(revisions)
    hooked.test('def test_environment(burst):\n    burst("/facts", contains=\'"COLOUR": "blue"\')')
    result = hooked.pytest(*FLAGS, ANY_SPEED)
    result.assert_outcomes(passed=1)
    arms = [line.split()[2] for line in (hooked.folder / "ready.txt").read_text().splitlines()]
    assert arms.count("base") == arms.count("head") > 0
    assert set(arms) == {"base", "head"}


def test_what_a_hook_raises_fails_the_test_and_ends_the_server(site: Site) -> None:
    conftest = site.folder / "conftest.py"
    site.write(
        "conftest.py",
        conftest.read_text() + "\n\ndef pytest_djworkers_ready(server):\n    1 / 0\n",
    )
    site.test("def test_json(burst):\n    burst('/json')")
    result = site.burst("--djworkers-report=load.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ZeroDivisionError*"])
    assert json.loads((site.folder / "load.json").read_text())["bursts"] == []


def test_a_run_without_backends_knows_the_hooks(hooked: Site) -> None:
    hooked.test("def test_json(burst):\n    burst('/json')")
    hooked.pytest().assert_outcomes(skipped=1)
    assert not Path(hooked.folder / "ready.txt").exists()
