"""Fixtures for all tests: pytester, a small Django site, real databases, guarded commands."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from pytest_djworkers.system.process import GuardedProcess
from tests.support.guarded import Guarded
from tests.support.site import CONFTEST, INI, SETTINGS, URLS, Site

pytest_plugins = [
    "pytester",
    "tests.support.certificates",
    "tests.support.isolated",
    "tests.support.launches",
    "tests.support.noted_times",
    "tests.support.postgres",
    "tests.support.redis_server",
    "tests.support.repository",
    "tests.support.revisions",
]

# The machine may be busy: neither an example of a property nor its making has a deadline.
hypothesis_settings.register_profile(
    "no deadline", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("no deadline")


def pytest_collection_finish() -> None:
    """Leave thousands of collected tests out of each later garbage collection."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """Also where the tests run in the background of a shell, whose children ignore it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def a_machine_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a test starts from waiting for other tests and real runs of this machine, and from
    ending what they have left behind."""
    monkeypatch.setenv("_DJWORKERS_SHARED", f"djworkers-test-{uuid4().hex[:16]}")
    # The summary of a step that runs these tests is not for those that they run.
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    # pytest's own output is another one with these; a test that wants that sets them.
    for name in ("CI", "BUILD_NUMBER", "PYTHONUNBUFFERED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def site(pytester: pytest.Pytester) -> Site:
    """A small Django site with a seed of one user."""
    made = Site(pytester)
    made.write("settings.py", SETTINGS)
    made.write("urls.py", URLS)
    made.write("pytest.ini", INI)
    made.write("conftest.py", CONFTEST)
    return made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where what is started by ``guarded`` writes to."""
    return tmp_path / "log"


@pytest.fixture
def guarded(log: Path) -> Iterator[Guarded]:
    """A function that starts Python scripts under a guard, and ends them with the test."""
    with ExitStack() as stack:

        def start(script: str, *arguments: str, **options: Any) -> GuardedProcess:
            command = [sys.executable, "-I", "-S", "-c", script, *arguments]
            process = GuardedProcess(command, log=log, environment=os.environ, **options)
            stack.callback(process.stop)
            return process

        yield start
