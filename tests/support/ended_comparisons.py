"""Comparisons that are running, and their processes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.endings import command_line_of_child
from tests.support.processes import mentioning, until
from tests.support.repository import commit, git, left
from tests.support.revisions import SHORT_COMPARISONS, SLOWS
from tests.support.site import CONFTEST, Site

HITS = """
def hit(request):
    arm = os.environ["DJWORKERS_BRIEF"].split("/")[-2]
    with open(f"{folder}/hits-{{arm}}", "a") as file:
        file.write(".")
    return sleep(request, 2)

urlpatterns.append(path("hit", hit))
"""
"""A view that notes in files outside of the trees which arm was hit."""
TEST = "def test_hit(burst):\n    burst('/hit')\n"
_GUARD = re.compile(r"^load-test-guard\b|/guard\.py ")


def prepare(site: Site, notes: Path, *, settings: str = "", tests: str = TEST) -> None:
    """Make the site a repository, with a branch of ``main`` checked out."""
    site.write("conftest.py", CONFTEST + SHORT_COMPARISONS)
    site.write(".gitignore", "__pycache__\n*.sqlite3\nhome\nlog\n")
    with (site.folder / "urls.py").open("a") as urls:
        urls.write(SLOWS.format(4) + HITS.format(folder=notes))
    with (site.folder / "settings.py").open("a") as file:
        file.write(settings)
    site.test(tests)
    git(site.folder, "init", "-q")
    commit(site.folder, "base")
    git(site.folder, "checkout", "-q", "-b", "feature")


def processes(site: Site, *, but: int | None = None) -> Iterator[tuple[psutil.Process, str]]:
    """Yield the processes of a run at the site, each with a description.

    The description is the command line. That of a guard begins with ``guard of``. If it belongs to
    a server, the path of the server's brief comes last: ``.../base/brief.json``.
    """
    for pid in mentioning(site.folder):
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            line = " ".join(process.cmdline())
            if _GUARD.search(line):
                line = f"guard of {command_line_of_child(process)}"
            brief = process.environ().get("DJWORKERS_BRIEF", "")
            if pid != but:
                yield process, f"{line} {brief}"


def found(site: Site, pattern: str) -> psutil.Process | None:
    """Return the first process whose description matches; None if there is none."""
    return next((one for one, what in processes(site) if re.search(pattern, what)), None)


def is_measured(notes: Path) -> bool:
    """Return True once both arms have been hit for a while."""
    files = [notes / f"hits-{arm}" for arm in ("base", "head")]
    return all(file.exists() and file.stat().st_size > 40 for file in files)


def wait_until_clean(site: Site, before: tuple[str, str, str]) -> None:
    """Wait until no process is left, and check that nothing is in the repository."""
    until(lambda: not mentioning(site.folder))
    assert left(site.folder)[:2] == before[:2]
