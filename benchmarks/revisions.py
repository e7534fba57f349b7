"""The example project in a git repository of its own, with commits that differ as asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from example_site import EXAMPLE
from pytest_djworkers.system.git import run_git

Change = Mapping[str, float | str | bool]
"""The change of a commit, in the words of the site's views."""
# Files that a run by hand leaves in the example.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.sqlite3", ".djworkers", ".pytest_cache")
_URLS = """
urlpatterns.append(path("{name}/", include("{name}.views")))
"""
# Or else a run's own files would count as changes of the working tree.
_IGNORED = "__pycache__/\n.djworkers/\n"


class Revisions:
    """A repository of the example project with more views, which makes commits of them."""

    def __init__(self, folder: Path, views: Path) -> None:
        """Make the folder, or make it anew. ``views`` is the folder of the additional views."""
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(EXAMPLE, folder, ignore=_LEFT_OUT)
        shutil.copytree(views, folder / views.name, ignore=_LEFT_OUT)
        self.folder = folder
        self._change_file = folder / views.name / "change.json"
        with (folder / "example" / "urls.py").open("a") as urls:
            urls.write(_URLS.format(name=views.name))
        (folder / ".gitignore").write_text(_IGNORED)
        self._git("init", "--quiet")
        self._first = self._commit({}, "The example project with more views")

    def check_out(self, head: Change, base: Change | None = None) -> str:
        """Make a commit, and check it out; return the commit to compare it with.

        Without a change, a commit is compared with itself.
        """
        self._git("checkout", "--quiet", "--detach", self._first)
        made = self._commit(base) if base else self._first
        if head != (base or {}):
            self._commit(head)
        return made

    def leftovers(self) -> list[str]:
        """Return the worktrees, branches and files that a comparison left here."""
        worktrees = self._git("worktree", "list", "--porcelain").count("worktree ") - 1
        branches = self._git("for-each-ref", "--format=%(refname)").splitlines()
        left = [f"{worktrees} worktrees"] if worktrees else []
        left += [name for name in branches if name not in {"refs/heads/master", "refs/heads/main"}]
        return left + self._git("status", "--porcelain").splitlines()

    def _commit(self, change: Change, message: str = "") -> str:
        text = json.dumps(change)
        self._change_file.write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message or f"Views with {text}")
        return self._git("rev-parse", "HEAD")

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
