"""Nothing outlives the run, however it ends, under whatever backend.

``make endings`` runs all of it, and prints a table of the seconds until all was clean.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from tests.support.endings import CAUSES, Cause, in_a_burst, prepare, running, table
from tests.support.processes import all_gone, mentioning, until
from tests.support.site import Site

FLAGS = (
    "--djworkers-generator=asyncio",
    "--djworkers-connections=4",
    "--djworkers-warmup=0",
    "--djworkers-workers=2",
)
NEXT = "def test_next(djworkers_server):\n    pass\n\ndef test_after(djworkers_server):\n    pass"
KEPT = {"hits", "launches", "teardown", "stdout", "stderr", "__pycache__"}
"""The folder that the site and its tests write to."""

ALWAYS = {("ctrl-c", "granian"), ("sigkill", "granian")}
"""For the suite that is run all the time."""
ENDED_IN_EVERY_WAY = ("gunicorn-gevent", "granian")
"""In .ci/run; the other backends in two."""
TWO_WAYS = ("ctrl-c", "sigkill")

Seconds = dict[tuple[str, str], float]


def endings() -> Iterator[object]:
    """Causes x backends, each with the mark that says when it is run."""
    for backend in BACKENDS:
        for cause in CAUSES:
            marks = []
            if (cause.name, backend) not in ALWAYS:
                is_often = backend in ENDED_IN_EVERY_WAY or cause.name in TWO_WAYS
                marks = [pytest.mark.matrix if is_often else pytest.mark.full_matrix]
            yield pytest.param(cause, backend, marks=marks, id=f"{cause.name}-{backend}")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which runs make theirs, so that left ones are in nobody's way."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("PYTHONDEVMODE", raising=False)  # which slows every start down
    return tmp_path


@pytest.fixture(scope="module")
def seconds() -> Iterator[Seconds]:
    """The seconds until everything was cleaned up, by cause and backend."""
    found: Seconds = {}
    yield found
    print(f"\n\n{table(found)}")


def files(*folders: Path) -> set[Path]:
    """Return all files in folders, of any kind."""
    found = (path for folder in folders for path in folder.rglob("*"))
    return {path for path in found if not KEPT.intersection(path.parts)}


@pytest.mark.parametrize(("cause", "backend"), list(endings()))
def test_no_process_file_or_database_is_left_behind(
    cause: Cause, backend: str, site: Site, temporary: Path, seconds: Seconds
) -> None:
    prepare(site, cause)
    before = files(site.folder, temporary)

    def is_clean() -> bool:
        # What is ours is told from what runs beside it by the site's folder, pytester's HOME.
        return not mentioning(site.folder) and (
            cause.may_leave_files or files(site.folder, temporary) == before
        )

    with running(site, f"--djworkers={backend}", *FLAGS, *cause.flags) as run:
        began = cause.end(run)
        until(is_clean)
        seconds[cause.name, backend] = time.monotonic() - began
        print(f"left clean after {seconds[cause.name, backend]:.2f}s\n{run.output}")
        assert cause.exit_code in {None, run.pytest.returncode}
        assert re.search(cause.says, run.output, re.DOTALL)
    if cause.may_leave_files:
        site.test(NEXT)
        again = site.pytest(f"--djworkers={backend}", *FLAGS, *cause.flags)
        again.assert_outcomes(passed=2)
        assert files(site.folder, temporary) == before


@pytest.mark.matrix
def test_a_waiting_worker_of_a_killed_controller_does_not_get_its_turn(
    site: Site, temporary: Path
) -> None:
    prepare(site, Cause("xdist-sigkill", None))
    launches = site.folder / "launches"
    with running(site, "--djworkers=granian", *FLAGS, "-n2") as run:
        until(lambda: in_a_burst(run), within_s=30)
        servers_and_agents = [child.pid for guard in run.guards() for child in guard.children()]
        assert len(servers_and_agents) == 2
        run.pytest.kill()
        until(lambda: all_gone(servers_and_agents))
        launched = launches.read_text()
        # The workers, too, which execnet would let live for another quarter of a minute.
        until(lambda: not mentioning(site.folder))
        assert launches.read_text() == launched
