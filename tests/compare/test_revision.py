"""Which commit is the base: with real repositories."""

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


@pytest.mark.parametrize("ref", ["mian", "--help", "-q", "HEAD:file", "", "^main", "a..b"])
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


def test_a_name_that_a_branch_and_a_tag_have_is_not_guessed(repository: Path) -> None:
    git(repository, "tag", "main", "feature")
    git(repository, "config", "core.warnAmbiguousRefs", "false")
    with pytest.raises(SettingsError, match=r"'main' can mean more than .*refs/heads/NAME"):
        base_revision(repository, "main")
    assert base_revision(repository, "refs/heads/main").commit == git(
        repository, "rev-parse", "refs/heads/main~1"
    )


def test_a_bare_repository(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    for folder in (tmp_path / "bare.git", repository / ".git"):
        with pytest.raises(SettingsError, match="has no working tree there"):
            base_revision(folder, "main")


def test_a_repository_with_its_files_elsewhere(repository: Path, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / ".git").write_text(f"gitdir: {repository}/.git\n")
    git(repository, "config", "core.worktree", str(files))
    assert base_revision(files, "main").top == files


def test_another_users_repository_is_said_to_be_one(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(SettingsError, match="belongs to another user") as error:
        base_revision(repository, "main")
    assert f"git config --global --add safe.directory {repository}" in str(error.value)
    # What a container's build sets, where nobody may write the configuration.
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(repository))
    assert base_revision(repository, "main").top == repository


def test_a_look_does_not_write_the_users_index(repository: Path) -> None:
    os.utime(repository / "file", (1, 1))  # git would refresh what it knows of it
    before = (repository / ".git" / "index").read_bytes()
    base_revision(repository, "main")
    assert (repository / ".git" / "index").read_bytes() == before


def test_a_hooks_variables_do_not_lead_elsewhere(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert base_revision(repository, "main").top == repository
