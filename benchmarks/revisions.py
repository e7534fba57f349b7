"""The example project in a git repository of its own, with commits that differ in their cost."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from example_site import EXAMPLE
from pytest_djworkers.system.git import run_git

IMPORT_S = 3.0
# Files that a run by hand leaves in the example.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.sqlite3", ".djworkers", ".pytest_cache")
_VIEW = (
    "myapp/responses.py",
    "def greeting() -> HttpResponse:\n",
    "def greeting() -> HttpResponse:\n    for _ in range({iterations}):\n        pass\n",
)
_IMPORT = (
    "myapp/models.py",
    "from django.db import models\n",
    "import time\n\nfrom django.db import models\n\nwhile time.process_time() < {seconds}:\n"
    "    pass\n",
)
"""It is measured in CPU time, as an import costs it; that of the interpreter's start counts."""


@dataclass(frozen=True)
class Revision:
    """A commit to compare with the one that it is made from."""

    iterations: int = 0
    """The iterations of an empty loop in the view; 0 for a commit compared with itself."""
    slow_import: bool = False
    """True if importing the site takes IMPORT_S, in both commits."""


class Revisions:
    """A repository of the example project that makes commits and checks them out."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, or make it anew."""
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(EXAMPLE, folder, ignore=_LEFT_OUT)
        self.folder = folder
        # Or else a run's own files would count as changes of the working tree.
        (folder / ".gitignore").write_text("__pycache__/\n")
        self._git("init", "--quiet")
        self._commit("The example project")
        self._plain = self._git("rev-parse", "HEAD")
        self._change(_IMPORT, seconds=IMPORT_S)
        self._commit(f"An import of {IMPORT_S:g} s")
        self._slow = self._git("rev-parse", "HEAD")

    def check_out(self, revision: Revision) -> str:
        """Check a revision out, with nothing uncommitted; return the commit to compare it with."""
        base = self._slow if revision.slow_import else self._plain
        self._git("checkout", "--quiet", "--detach", base)
        if revision.iterations:
            self._change(_VIEW, iterations=revision.iterations)
            self._commit(f"A loop of {revision.iterations} in the view")
        return base

    def leftovers(self) -> list[str]:
        """Return the worktrees, branches and files that a comparison left here."""
        worktrees = self._git("worktree", "list", "--porcelain").count("worktree ") - 1
        branches = self._git("for-each-ref", "--format=%(refname)").splitlines()
        left = [f"{worktrees} worktrees"] if worktrees else []
        left += [name for name in branches if name not in {"refs/heads/master", "refs/heads/main"}]
        return left + self._git("status", "--porcelain").splitlines()

    def _change(self, change: tuple[str, str, str], **values: float) -> None:
        name, before, after = change
        file = self.folder / name
        text = file.read_text()
        # Nothing to replace would compare a commit with itself.
        assert text.count(before) == 1, f"{name} is not as it was when this was written"
        file.write_text(text.replace(before, after.format(**values)))

    def _commit(self, message: str) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)

    def _git(self, *arguments: str) -> str:
        # A user's own configuration may have no name, or may sign all commits.
        settings = {
            "user.name": "Benchmark",
            "user.email": "benchmark@localhost",
            "commit.gpgSign": "false",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        done = run_git(self.folder, *options, *arguments)
        done.check_returncode()
        return done.stdout.strip()
