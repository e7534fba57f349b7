"""Backends with settings, and the list of them, as users see them."""

from __future__ import annotations

import json

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from tests.support.refusals import hide, refused
from tests.support.site import Site

TWO = "granian:workers=1:blocking-threads=2,granian:blocking-threads=3"


def test_one_server_with_two_settings_is_two_backends(site: Site) -> None:
    site.test(
        """
@pytest.mark.min_rps(1e9, backend="granian:blocking-threads=3")
@pytest.mark.min_rps(1, backend="granian")
def test_json(burst):
    burst("/json")
"""
    )
    result = site.burst("-v", "--djworkers-save-baseline", backends=TWO)
    result.assert_outcomes(passed=1, failed=1)
    shown = "granian:workers-1:blocking-threads-2"
    result.stdout.fnmatch_lines(
        [
            f"*test_json[[]{shown}[]] PASSED*",
            "*test_json[[]granian:blocking-threads-3[]] FAILED*",
            f"  {shown}",  # too long for a column of 80
        ]
    )
    (file,) = (site.folder / ".djworkers" / "default").glob("*.json")
    # The other backend's test failed, so its burst is not stored.
    (key, stored), *others = json.loads(file.read_text())["bursts"].items()
    assert not others
    assert key == f"test_site.py::test_json[{shown}] GET /json"
    assert stored["conditions"]["backend"] == shown
    assert stored["conditions"]["blocking_threads"] == 2


def test_a_test_is_selected_by_its_backends_settings(site: Site) -> None:
    site.test("def test_json(burst):\n    burst('/json')")
    chosen = ("--collect-only", "-q", "-k", "granian:workers-1:blocking-threads-2")
    result = site.pytest(f"--djworkers={TWO}", *chosen)
    result.stdout.fnmatch_lines(["*[[]granian:workers-1:blocking-threads-2[]]", "*1/2 tests*"])


@pytest.mark.matrix
def test_too_many_workers_for_a_single_process_are_noted_in_the_header(site: Site) -> None:
    site.test("def test_json(burst):\n    assert burst('/json').server.workers == 1")
    result = site.burst("--djworkers-workers=4", backends="waitress")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "djworkers: waitress *; 1 worker each; *",
            "djworkers: waitress is a single process: it has 1 worker, not the 4 requested",
        ]
    )


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (
            "--djworkers=granian:threads=4",
            "granian has no setting 'threads' (it has: workers, backpressure, runtime-threads,"
            " runtime-mode, blocking-threads; written granian:workers=VALUE)",
        ),
        (
            "--djworkers=granian:workers=many",
            "granian: workers=many: 'many' is not a whole number of 1 or more, up to"
            " 1,000,000,000,000",
        ),
        ("--djworkers=granian:workers=2,granian:workers-2", "granian:workers-2 is named twice"),
    ],
)
def test_a_setting_that_cant_be_used_ends_the_run(site: Site, flag: str, said: str) -> None:
    assert refused(site, flag) == f"{flag}: {said}"


@pytest.mark.matrix
def test_a_command_that_cant_be_used_ends_the_run(site: Site) -> None:
    line = "djworkers_commands=own = {python} {wsgi}"
    assert refused(site, "--djworkers=granian", "-o", line) == (
        "djworkers_commands in pytest.ini: own: its command has no {port}"
    )


def test_the_list_has_every_backend_and_runs_nothing(site: Site) -> None:
    hide(site, "daphne")
    site.test("def test_json(burst):\n    assert False\n")
    commands = "djworkers_commands=own = {python} -m own {port} {wsgi}"
    result = site.pytest("--djworkers-list", "-p", "hides", "-o", commands)
    assert result.ret == pytest.ExitCode.OK
    starts = [line for line in result.outlines if not line.startswith(" ")]
    assert [line.partition(" ")[0] for line in starts] == [*BACKENDS, "own"]
    result.stdout.fnmatch_lines(
        [
            "gunicorn-gevent  WSGI, gunicorn [0-9]*, gevent [0-9]*",
            "    raised for a burst: --backlog (2048) and --worker-connections (1000) to *",
            "    settings, as in gunicorn-gevent:workers=VALUE:",
            "        workers             worker processes",
            "        config              your own gunicorn.conf.py, whose settings then hold for *",
            "        worker-connections  connections that each worker holds",
            "daphne  ASGI, not installed: pip install 'pytest-djworkers[[]daphne[]]'",
            "    workers: 1, it is a single process",
            "own  WSGI, a command of the configuration",
        ]
    )
    bad = site.pytest("--djworkers-list", "-o", "djworkers_commands=own")
    assert bad.ret == pytest.ExitCode.USAGE_ERROR
