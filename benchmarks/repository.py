"""A git repository of the example project with more views, which benchmarks make commits in."""

from __future__ import annotations

import shutil
from pathlib import Path

from example_site import EXAMPLE
from pytest_djworkers.system.git import run_git

# Files that a run by hand leaves in the example.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.sqlite3", ".djworkers", ".pytest_cache")
_URLS = """
urlpatterns.append(path("{name}/", include("{name}.views")))
"""
# Or else a run's own files would count as changes of the working tree.
_IGNORED = "__pycache__/\n.djworkers/\n"


class Repository:
    """The repository; nothing is committed yet."""

    def __init__(self, folder: Path, views: Path) -> None:
        """Make the folder, or make it anew. ``views`` is the folder of the additional views."""
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(EXAMPLE, folder, ignore=_LEFT_OUT)
        shutil.copytree(views, folder / views.name, ignore=_LEFT_OUT)
        self.folder = folder
        with (folder / "example" / "urls.py").open("a") as urls:
            urls.write(_URLS.format(name=views.name))
        (folder / ".gitignore").write_text(_IGNORED)
        self._git("init", "--quiet")

    def commit(self, message: str) -> str:
        """Commit all that changed, and return the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD")

    def check_out(self, commit: str) -> None:
        """Check a commit out, on no branch."""
        self._git("checkout", "--quiet", "--detach", commit)

    def leftovers(self) -> list[str]:
        """Return the worktrees, branches and files that a comparison left here."""
        worktrees = self._git("worktree", "list", "--porcelain").count("worktree ") - 1
        branches = self._git("for-each-ref", "--format=%(refname)").splitlines()
        left = [f"{worktrees} worktrees"] if worktrees else []
        left += [name for name in branches if name not in {"refs/heads/master", "refs/heads/main"}]
        return left + self._git("status", "--porcelain").splitlines()

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
