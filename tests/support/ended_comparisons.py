"""Comparisons that run, and the processes that they consist of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.endings import command_line_of_child
from tests.support.processes import mentioning, until
from tests.support.repository import commit, git, left
from tests.support.revisions import SHORT, SLOWS
from tests.support.site import CONFTEST, Site

HITS = """
def hit(request):
    arm = os.environ["DJWORKERS_BRIEF"].split("/")[-2]
    with open(f"{folder}/hits-{{arm}}", "a") as file:
        file.write(".")
    return sleep(request, 2)

urlpatterns.append(path("hit", hit))
"""
"""A view that says in files beside the trees which arm was hit."""
TEST = "def test_hit(burst):\n    burst('/hit')\n"
_GUARD = re.compile(r"^load-test-guard\b|/guard\.py ")


def prepare(site: Site, notes: Path, *, settings: str = "", tests: str = TEST) -> None:
    """Make the site a repository whose ``main`` is what is checked out, on a branch."""
    site.write("conftest.py", CONFTEST + SHORT)
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
    """The processes of a run at the site, each with what it is.

    That is its command line, in front of which a guard has ``guard of``, and behind which
    everything of a server has the path of its brief: ``.../base/brief.json``.
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
    """The first process that is so."""
    return next((one for one, what in processes(site) if re.search(pattern, what)), None)


def is_measured(notes: Path) -> bool:
    """Whether both arms have been hit for a while."""
    files = [notes / f"hits-{arm}" for arm in ("base", "head")]
    return all(file.exists() and file.stat().st_size > 40 for file in files)


def is_clean(site: Site, before: tuple[str, str, str]) -> bool:
    """Whether no process is left, and nothing in the repository."""
    return not mentioning(site.folder) and left(site.folder)[:2] == before[:2]


def wait_until_clean(site: Site, before: tuple[str, str, str]) -> None:
    """Wait for it, a quarter of a minute at most."""
    until(lambda: not mentioning(site.folder))
    assert left(site.folder)[:2] == before[:2]
