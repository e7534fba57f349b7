"""Base's worktree, in real repositories."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from pytest_djworkers.compare.revision import base_revision
from pytest_djworkers.compare.worktree import worktree
from pytest_djworkers.errors import SettingsError
from tests.support.repository import git, left


def base_of(repository: Path) -> AbstractContextManager[Path]:
    """Return the worktree of ``main``, in a folder named like a run's."""
    scratch = repository.parent / "djworkers-this"
    scratch.mkdir(exist_ok=True)
    return worktree(base_revision(repository, "main"), scratch)


def test_a_worktree_has_bases_files_and_is_removed_at_the_end(repository: Path) -> None:
    before = left(repository)
    with base_of(repository) as tree:
        assert (tree / "file").read_text() == "first"
        assert (repository / "file").read_text() == "third"
        assert git(tree, "branch", "--show-current") == ""
    assert not tree.exists()
    assert left(repository) == before
    assert not (repository / ".git" / "worktrees").exists()


def test_a_worktree_is_removed_after_an_interrupt_with_everything_written_into_it(
    repository: Path,
) -> None:
    before = left(repository)

    def breaks() -> None:
        with base_of(repository) as tree:
            (tree / "file").write_text("changed")
            (tree / "__pycache__").mkdir()
            (tree / "__pycache__" / "module.pyc").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaks()
    assert left(repository) == before


def abandon(repository: Path, folder: Path, *, locked: bool) -> None:
    """Leave a worktree's record in git without its folder.

    With ``locked``, git was interrupted before all files were there.
    """
    git(repository, "worktree", "add", "-q", "--detach", str(folder), "main")
    (entry,) = (
        file.parent
        for file in repository.glob(".git/worktrees/*/gitdir")
        if str(folder) in file.read_text()
    )
    if locked:
        (entry / "locked").write_text("initializing")
        (entry / "index.lock").write_text("")
    shutil.rmtree(folder.parent)


@pytest.mark.parametrize("locked", [False, True])
def test_the_worktree_of_a_killed_run_is_removed_by_the_next_run(
    locked: bool, repository: Path
) -> None:
    before = left(repository)
    abandon(repository, repository.parent / "djworkers-x" / "base-tree", locked=locked)
    with base_of(repository):
        assert "djworkers-x" not in left(repository)[0]
    assert left(repository) == before


@pytest.mark.parametrize("name", ["elsewhere/base-tree", "djworkers-x/other"])
def test_worktrees_of_users_are_left_alone(name: str, repository: Path) -> None:
    # A worktree on a disk that isn't mounted looks the same.
    abandon(repository, repository.parent / name, locked=False)
    before = left(repository)
    with base_of(repository):
        pass
    assert name in before[0]
    assert left(repository) == before


def test_a_run_at_the_same_time_keeps_its_worktree(repository: Path) -> None:
    other = repository.parent / "djworkers-other"
    other.mkdir()
    with worktree(base_revision(repository, "main"), other) as its_tree:
        with base_of(repository):
            pass
        assert git(its_tree, "rev-parse", "HEAD") == git(repository, "rev-parse", "main~1")


def script(folder: Path, text: str) -> Path:
    """Return a new executable script."""
    file = folder / "script"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_filters_run_and_hooks_and_monitors_do_not(repository: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    hook = script(repository / ".git" / "hooks", f"touch {ran}")
    hook.rename(hook.with_name("post-checkout"))
    hook = script(tmp_path, f"touch {ran}")
    git(repository, "config", "core.fsmonitor", str(hook))
    git(repository, "config", "submodule.recurse", "true")
    git(repository, "config", "filter.shout.smudge", "tr a-z A-Z")
    (repository / ".git" / "info" / "attributes").write_text("file filter=shout\n")
    with base_of(repository) as tree:
        assert (tree / "file").read_text() == "FIRST"
    assert not ran.exists()


def test_a_worktree_that_cannot_be_made_is_reported(repository: Path) -> None:
    tree = repository.parent / "djworkers-this" / "base-tree"
    tree.parent.mkdir()
    tree.write_text("a file is in the way")
    with pytest.raises(SettingsError, match=r"can't check main .* out .*already exists"):
        base_of(repository).__enter__()


def test_a_filter_that_kills_git_is_reported(repository: Path) -> None:
    before = left(repository)
    git(repository, "config", "filter.deadly.smudge", "kill -9 $(ps -o ppid= -p $PPID) $PPID; cat")
    (repository / ".git" / "info" / "attributes").write_text("file filter=deadly\n")
    with pytest.raises(SettingsError, match=r"can't check main .* out"):
        base_of(repository).__enter__()
    assert left(repository) == before


def test_the_repository_may_be_a_worktree_itself(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(repository, "worktree", "add", "-q", "--detach", str(other), "feature")
    before = left(repository)
    with base_of(other) as tree:
        assert (tree / "file").read_text() == "first"
    assert left(repository) == before


def test_a_partial_clone_that_lacks_files_is_refused_and_nothing_is_fetched(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{repository}", str(clone))
    git(clone, "branch", "main", "origin/main")
    before = left(clone)
    with pytest.raises(SettingsError, match="is a partial one and lacks files of that commit"):
        base_of(clone).__enter__()
    assert left(clone) == before
    git(clone, "archive", "--output=/dev/null", "main~1")
    with base_of(clone) as tree:
        assert (tree / "file").read_text() == "first"


def test_a_sparse_checkout_stays_sparse(repository: Path) -> None:
    git(repository, "checkout", "-q", "main")
    for name in ("a", "b"):
        (repository / name).mkdir()
        (repository / name / "file").write_text(name)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "folders")
    git(repository, "sparse-checkout", "set", "--cone", "a")
    with base_of(repository) as tree:
        assert (tree / "a" / "file").exists()
        assert (tree / "b").exists() == (repository / "b").exists()
