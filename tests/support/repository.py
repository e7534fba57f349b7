"""Git repositories for tests, in no configuration but their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_djworkers.system.git import run_git

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    # Tests clone repositories from folders, some of them partially.
    "GIT_ALLOW_PROTOCOL": "file",
    "GIT_NO_LAZY_FETCH": "0",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in no configuration but the repository's own, and return what it prints."""
    done = run_git(folder, *IDENTITY, *arguments, environment=ENVIRONMENT)
    done.check_returncode()
    return done.stdout.strip()


def commit(folder: Path, text: str) -> str:
    """Write and commit the repository's one file, and return the commit."""
    (folder / "file").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A branch ``feature`` with two commits of its own, and a ``main`` with another one."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, "first")
    git(folder, "checkout", "-q", "-b", "feature")
    commit(folder, "second")
    commit(folder, "third")
    git(folder, "checkout", "-q", "main")
    commit(folder, "another second")
    git(folder, "checkout", "-q", "feature")
    return folder


def left(repository: Path) -> tuple[str, str, str]:
    """Return everything that a worktree could leave behind: worktrees, branches and changes."""
    return (
        git(repository, "worktree", "list", "--porcelain"),
        git(repository, "branch", "--all"),
        git(repository, "status", "--porcelain"),
    )
