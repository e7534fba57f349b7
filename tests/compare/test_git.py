"""Which commit is the base, and its files beside the working tree: with real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_djworkers.compare.git import Revision, base_revision, worktree
from pytest_djworkers.errors import SettingsError

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")


def git(folder: Path, *arguments: str) -> str:
    """Run git, in no configuration but the repository's own."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-C", str(folder), *IDENTITY, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, text: str) -> str:
    """Write and commit the repository's one file; the commit."""
    (folder / "file").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A branch ``feature`` of two commits behind a ``main`` that went on by one."""
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


def test_the_base_is_where_the_two_histories_meet(repository: Path) -> None:
    revision = base_revision(repository, "main")
    assert revision.commit == git(repository, "rev-parse", "main~1")
    assert revision.top == repository
    assert (revision.is_head, revision.is_dirty) == (False, False)
    assert revision.label == f"main ({revision.commit[:10]})"


def test_it_is_found_from_a_folder_inside(repository: Path) -> None:
    (repository / "inside").mkdir()
    assert base_revision(repository / "inside", "main").top == repository


def test_what_is_not_committed_is_seen(repository: Path) -> None:
    (repository / "file").write_text("changed")
    revision = base_revision(repository, "HEAD")
    assert (revision.is_head, revision.is_dirty) == (True, True)


def test_a_new_file_is_a_change_too(repository: Path) -> None:
    (repository / "new").write_text("")
    assert base_revision(repository, "HEAD").is_dirty


@pytest.mark.parametrize("ref", ["mian", "--help", "-q", "HEAD:file", ""])
def test_a_revision_that_is_none_is_said_to_be_none(repository: Path, ref: str) -> None:
    with pytest.raises(SettingsError, match="is not a revision"):
        base_revision(repository, ref)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not in a git repository"):
        base_revision(tmp_path, "main")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(SettingsError, match="is not a revision"):
        base_revision(tmp_path, "main")


def test_histories_that_never_met(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "other")
    commit(repository, "from nothing")
    with pytest.raises(SettingsError, match="have no commit in common"):
        base_revision(repository, "main")


def test_a_shallow_clone_is_refused_with_what_mends_it(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", str(clone))
    with pytest.raises(SettingsError, match=r"git\s+fetch --unshallow"):
        base_revision(clone, "origin/feature")
    git(clone, "fetch", "-q", "--unshallow")
    assert base_revision(clone, "origin/feature").is_head


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(SettingsError, match="git is not on PATH"):
        base_revision(repository, "main")


def test_a_hooks_variables_do_not_lead_elsewhere(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert base_revision(repository, "main").top == repository


# Its files.


def left(repository: Path) -> tuple[str, str, str]:
    """What a worktree could leave behind: worktrees, branches, changes."""
    return (
        git(repository, "worktree", "list", "--porcelain"),
        git(repository, "branch", "--all"),
        git(repository, "status", "--porcelain"),
    )


def test_the_worktree_has_the_bases_files_and_is_gone_after(
    repository: Path, tmp_path: Path
) -> None:
    before = left(repository)
    with worktree(base_revision(repository, "main"), tmp_path / "tree") as tree:
        assert (tree / "file").read_text() == "first"
        assert (repository / "file").read_text() == "third"
        assert git(tree, "branch", "--show-current") == ""
    assert not tree.exists()
    assert left(repository) == before


def test_it_is_gone_too_when_the_site_wrote_into_it_or_something_went_wrong(
    repository: Path, tmp_path: Path
) -> None:
    before = left(repository)

    def breaks(revision: Revision) -> None:
        with worktree(revision, tmp_path / "tree") as tree:
            (tree / "file").write_text("changed")
            (tree / "__pycache__").mkdir()
            (tree / "__pycache__" / "module.pyc").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaks(base_revision(repository, "main"))
    assert not (tmp_path / "tree").exists()
    assert left(repository) == before


def test_what_a_killed_run_left_is_cleared_by_the_next(repository: Path, tmp_path: Path) -> None:
    before = left(repository)
    abandoned = tmp_path / "abandoned"
    git(repository, "worktree", "add", "-q", "--detach", str(abandoned), "main")
    for file in abandoned.iterdir():
        file.unlink()
    abandoned.rmdir()
    with worktree(base_revision(repository, "main"), tmp_path / "tree"):
        assert "abandoned" not in left(repository)[0]
    assert left(repository) == before


def test_the_users_hooks_do_not_run(repository: Path, tmp_path: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    with worktree(base_revision(repository, "main"), tmp_path / "tree"):
        pass
    assert not (tmp_path / "ran").exists()


def test_a_worktree_that_cannot_be_made_is_said_so(repository: Path, tmp_path: Path) -> None:
    revision = base_revision(repository, "main")
    (tmp_path / "tree").write_text("a file is in the way")
    with (
        pytest.raises(SettingsError, match=r"can't check main .* out"),
        worktree(revision, tmp_path / "tree"),
    ):
        pass
