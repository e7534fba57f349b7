"""The example's endpoints under every backend: its ``test_backends.py``, as a user runs it.

Servers with few threads get more of them, or else only the views that wait would be measured.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.backends.spec import bare_name

PROJECT = Path(__file__).parents[2] / "example_project"
SPECS = [
    "gunicorn-sync:workers=20",
    "gunicorn-gthread:threads=50",
    "gunicorn-gevent",
    "granian",
    "uwsgi:threads=50",
    "waitress:threads=100",
    "cheroot:threads=100",
    "uvicorn",
    "gunicorn-uvicorn",
    "gunicorn-asgi",
    "hypercorn",
    "daphne",
    "granian-asgi",
    "runserver",
]
THREE = "test_sync and json or gateway_1s"
"""json, json_query and gateway_1s, the last as a coroutine as well."""


GENTLE = ("--djworkers-connections=8", "--djworkers-duration=1s", "--djworkers-warmup=500ms")


def run(spec: str, *arguments: str, tests: str = "test_backends.py") -> None:
    """Run tests of the example under a backend, and show their table."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tests),
            *(f"--djworkers={spec}", "--djworkers-workers=2", "--djworkers-generator=asyncio"),
            "--djworkers-startup-timeout=2m",
            *arguments,
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    # If all tests were skipped, the exit status would be 0, too.
    assert " passed" in done.stdout


def test_no_backend_is_left_out() -> None:
    assert [bare_name(spec) for spec in SPECS] == list(BACKENDS)


@pytest.mark.matrix
@pytest.mark.parametrize("spec", SPECS)
def test_three_endpoints(spec: str) -> None:
    run(spec, "-k", THREE)


@pytest.mark.matrix
@pytest.mark.parametrize("tests", ["test_members.py", "test_site.py"])
@pytest.mark.parametrize("spec", ["gunicorn-gevent", "granian", "uvicorn"])
def test_users_forms_uploads_and_a_mix(spec: str, tests: str) -> None:
    run(spec, *GENTLE, tests=tests)


@pytest.mark.full_matrix
@pytest.mark.parametrize("spec", SPECS)
def test_users_forms_and_uploads(spec: str) -> None:
    run(spec, *GENTLE, tests="test_members.py")


@pytest.mark.full_matrix
@pytest.mark.parametrize("spec", SPECS)
def test_all_endpoints(spec: str) -> None:
    run(spec)
