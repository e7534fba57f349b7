"""Kill a random process of a comparison at a random moment: nothing is left, nothing hangs.

``DJWORKERS_KILLS=25 make test TEST="-m matrix -s tests/compare/test_random_kills.py"`` does it 25
times under each server, and prints a line for each kill. The name of a failed test has the seed in
it: ``DJWORKERS_KILLS_FROM`` is the first seed.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from pytest_djworkers.compare.revision import base_revision
from pytest_djworkers.compare.worktree import worktree
from pytest_djworkers.system.scratch import ScratchFolder
from tests.support.ended_comparisons import prepare, processes, wait_until_clean
from tests.support.endings import Running, running
from tests.support.processes import until
from tests.support.repository import git, left
from tests.support.revisions import FLAGS
from tests.support.site import Site

SERVERS = ("granian", "gunicorn-gevent", "uvicorn", "uwsgi")
KILLS = int(os.environ.get("DJWORKERS_KILLS", "1"))
FIRST = int(os.environ.get("DJWORKERS_KILLS_FROM", "0"))
WITHIN_S = 120.0
"""Time limit of every wait. A whole comparison takes a tenth of it."""
PHASES = ("git ", "compileall", "remote_main", "/base/brief", "/head/brief", "load.agent")
"""Processes of the phases of a comparison. The first phases are over in a moment, so a kill waits
for one of these first, and then for a while."""
OTHER_MIGRATIONS = """
import os
if os.path.exists("is-head"):
    INSTALLED_APPS.append("django.contrib.sessions")
"""
"""Settings with which base has to make its databases itself."""


def some_process(run: Running, draw: random.Random) -> tuple[psutil.Process | None, str]:
    """Return a process of a run, some time after its start; None if the run is over by then.

    Once in eight it is pytest itself.
    """
    but = run.pytest.pid if draw.random() < 7 / 8 else None
    seen: set[tuple[int, str]] = set()

    def has_come(wanted: str, number: int) -> bool:
        """Return True if more than this number of a kind have been there, one by one or at once."""
        found = list(processes(run.site, but=run.pytest.pid))
        seen.update((one.pid, wanted) for one, what in found if wanted in what)
        return sum(kind == wanted for _, kind in seen) > number or run.pytest.poll() is not None

    until(lambda: has_come("", 0), within_s=60)
    began = time.monotonic()
    wanted, number = draw.choice(PHASES), draw.randrange(3)
    with suppress(AssertionError):
        until(lambda: has_come(wanted, number), within_s=30)
    time.sleep(draw.choice((0.0, draw.uniform(0.0, 0.3), draw.uniform(0.0, 3.0))))
    here = list(processes(run.site, but=but))
    if not here:
        return None, "over before its end came"
    process, what = draw.choice(here)
    return process, f"{time.monotonic() - began:.1f}s: {' '.join(what.split())[:110]}"


@pytest.mark.matrix
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + KILLS))
def test_a_random_kill_leaves_nothing_behind_and_nothing_hangs(
    seed: int, server: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.delenv("PYTHONDEVMODE", raising=False)
    prepare(site, notes, settings=OTHER_MIGRATIONS)
    site.write("is-head", "")
    # A slow filter makes git take a while.
    git(site.folder, "config", "filter.slow.smudge", "sleep 0.5; cat")
    (site.folder / ".git" / "info" / "attributes").write_text("urls.py filter=slow\n")
    before = left(site.folder)
    flags = [flag for flag in FLAGS if "djworkers=" not in flag]
    draw = random.Random(f"{server} {seed}")
    with running(site, f"--djworkers={server}", *flags) as run:
        victim, what = some_process(run, draw)
        killed = time.monotonic()
        if victim is not None:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        output = run.pytest.communicate(timeout=WITHIN_S)[0]
        took_s = time.monotonic() - killed
        status = run.pytest.returncode
        print(f"{server} {seed}: {what}: over after {took_s:.1f}s, exit status {status}")
    until(lambda: not list(processes(site)))
    if status < 0:
        # A killed pytest leaves files behind. The next run removes them.
        ScratchFolder().remove()
        with worktree(base_revision(site.folder, "main"), notes):
            pass
    wait_until_clean(site, before)
    assert [one.name for one in tmp_path.glob("djworkers-*")] == [], output
    assert "INTERNALERROR" not in output, output
    assert "Traceback" not in output or status == 1, output
