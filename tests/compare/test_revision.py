"""The commit that is the base, in real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_djworkers.compare.revision import base_revision
from pytest_djworkers.errors import SettingsError
from tests.support.repository import commit, git


def test_the_base_is_where_the_two_histories_meet(repository: Path) -> None:
    revision = base_revision(repository, "main")
    assert revision.commit == git(repository, "rev-parse", "main~1")
    assert revision.top == repository
    assert (revision.is_head, revision.is_dirty) == (False, False)
    assert revision.label == f"main ({revision.commit[:10]})"


def test_the_repository_is_found_from_a_folder_inside(repository: Path) -> None:
    (repository / "inside").mkdir()
    assert base_revision(repository / "inside", "main").top == repository


def test_uncommitted_changes_make_a_revision_dirty(repository: Path) -> None:
    (repository / "file").write_text("changed")
    revision = base_revision(repository, "HEAD")
    assert (revision.is_head, revision.is_dirty) == (True, True)


def test_a_new_file_makes_a_revision_dirty(repository: Path) -> None:
    (repository / "new").write_text("")
    assert base_revision(repository, "HEAD").is_dirty


@pytest.mark.parametrize("ref", ["mian", "--help", "-q", "HEAD:file", "", "^main", "a..b"])
def test_an_unknown_revision_is_refused(repository: Path, ref: str) -> None:
    with pytest.raises(SettingsError, match="is not a revision"):
        base_revision(repository, ref)


def test_a_folder_outside_of_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not in a git repository"):
        base_revision(tmp_path, "main")


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(SettingsError, match="is not a revision"):
        base_revision(tmp_path, "main")


def test_histories_without_a_common_commit_are_refused(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "other")
    commit(repository, "from nothing")
    with pytest.raises(SettingsError, match="have no commit in common"):
        base_revision(repository, "main")


def test_a_shallow_clone_is_refused_with_the_remedy(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", str(clone))
    with pytest.raises(SettingsError, match=r"git\s+fetch --unshallow"):
        base_revision(clone, "origin/feature")
    git(clone, "fetch", "-q", "--unshallow")
    assert base_revision(clone, "origin/feature").is_head


def test_a_name_of_both_a_branch_and_a_tag_is_refused(repository: Path) -> None:
    git(repository, "tag", "main", "feature")
    git(repository, "config", "core.warnAmbiguousRefs", "false")
    with pytest.raises(SettingsError, match=r"'main' can mean more than .*refs/heads/NAME"):
        base_revision(repository, "main")
    assert base_revision(repository, "refs/heads/main").commit == git(
        repository, "rev-parse", "refs/heads/main~1"
    )


def test_a_bare_repository_is_refused(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    for folder in (tmp_path / "bare.git", repository / ".git"):
        with pytest.raises(SettingsError, match="has no working tree there"):
            base_revision(folder, "main")


def test_a_working_tree_may_be_apart_from_its_repository(repository: Path, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / ".git").write_text(f"gitdir: {repository}/.git\n")
    git(repository, "config", "core.worktree", str(files))
    assert base_revision(files, "main").top == files


def test_a_repository_of_another_user_is_refused_with_the_remedy(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(SettingsError, match="belongs to another user") as error:
        base_revision(repository, "main")
    assert f"git config --global --add safe.directory {repository}" in str(error.value)
    # Containers set these variables if the configuration can't be written.
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(repository))
    assert base_revision(repository, "main").top == repository


def test_the_users_index_is_not_written(repository: Path) -> None:
    os.utime(repository / "file", (1, 1))  # git status would refresh its entry in the index
    before = (repository / ".git" / "index").read_bytes()
    base_revision(repository, "main")
    assert (repository / ".git" / "index").read_bytes() == before


def test_variables_of_a_hook_do_not_lead_to_another_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert base_revision(repository, "main").top == repository
