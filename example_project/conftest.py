"""Fixtures of the load tests: rows in the database, and the upstream that two views call."""

import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from members.seed import seed_members
from myapp.seed import seed

UPSTREAM_SERVER = Path(__file__).parent / "upstream" / "server.py"
START_TIMEOUT_S = 10
END_TIMEOUT_S = 5


def seed_all() -> None:
    seed()
    seed_members()


@pytest.fixture(scope="session")
def djworkers_seed() -> Callable[[], None]:
    """Return the function that makes the rows; it runs before each launch of a server."""
    return seed_all


@pytest.fixture(scope="session")
def upstream() -> Iterator[str]:
    """Run the upstream, and give its URL; servers find it in their environment."""
    process = subprocess.Popen(
        [sys.executable, str(UPSTREAM_SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that Ctrl-C reaches pytest alone, which then ends the upstream
    )
    try:
        with pytest.MonkeyPatch.context() as patch:
            url = first_line(process)
            patch.setenv("EXAMPLE_UPSTREAM_URL", url)
            yield url
    finally:
        end(process)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_TIMEOUT_S)
    line = process.stdout.readline().strip() if readable else ""
    if not line:
        pytest.fail(f"the upstream printed no URL within {START_TIMEOUT_S} s", pytrace=False)
    return line


def end(process: subprocess.Popen[str]) -> None:
    """End the upstream by closing its standard input, and wait for it."""
    try:
        process.communicate(timeout=END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
