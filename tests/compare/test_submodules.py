"""Submodules of base's worktree, in real repositories whose origin is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_djworkers.compare.revision import base_revision
from pytest_djworkers.compare.worktree import worktree
from pytest_djworkers.errors import SettingsError
from tests.support.repository import commit, git, left


def new(folder: Path, text: str) -> Path:
    """Return a new repository with one commit."""
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, text)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a submodule that has a submodule itself.

    On the branch, each is one commit ahead. The repositories they were cloned from are gone.
    """
    inner = new(tmp_path / "inner", "inner of base")
    lib = new(tmp_path / "lib", "lib of base")
    git(lib, "submodule", "add", "-q", str(inner), "deep/inner")
    git(lib, "commit", "-q", "-m", "inner")
    top = new(tmp_path / "top", "top")
    git(top, "submodule", "add", "-q", "--name", "a name", str(lib), "vendor/lib")
    git(top, "submodule", "update", "-q", "--init", "--recursive")
    git(top, "commit", "-q", "-m", "lib")
    git(top, "checkout", "-q", "-b", "feature")
    commit(top / "vendor/lib/deep/inner", "inner of head")
    commit(top / "vendor/lib", "lib of head")
    commit(top, "head")
    for gone in (inner, lib):
        shutil.rmtree(gone)
    (tmp_path / "djworkers-x").mkdir()
    return top


def test_submodules_are_filled_with_the_commits_of_base(project: Path, tmp_path: Path) -> None:
    lib = project / "vendor" / "lib"
    before = left(project), left(lib), git(lib, "rev-parse", "HEAD")
    with worktree(base_revision(project, "main"), tmp_path / "djworkers-x") as tree:
        assert (tree / "vendor/lib/file").read_text() == "lib of base"
        assert (tree / "vendor/lib/deep/inner/file").read_text() == "inner of base"
        assert (lib / "file").read_text() == "lib of head"
    assert (left(project), left(lib), git(lib, "rev-parse", "HEAD")) == before
    assert git(project, "fsck", "--no-progress") == ""


def test_submodules_are_filled_from_the_clones_of_a_linked_worktree(
    project: Path, tmp_path: Path
) -> None:
    # Each worktree has its own clone of each submodule.
    linked = tmp_path / "linked"
    git(project, "worktree", "add", "-q", "--detach", str(linked), "feature")
    source = project / ".git" / "modules" / "a name"
    git(linked, "config", "submodule.a name.url", str(source))
    git(linked, "submodule", "update", "-q", "--init")
    shutil.move(source, tmp_path / "elsewhere")
    with worktree(base_revision(linked, "main"), tmp_path / "djworkers-x") as tree:
        assert (tree / "vendor/lib/file").read_text() == "lib of base"
        # The linked worktree has not checked this one out.
        assert not list((tree / "vendor/lib/deep/inner").iterdir())


def test_a_submodule_that_is_empty_in_the_working_tree_stays_empty(
    project: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "-b", "feature", str(project), str(clone))
    with worktree(base_revision(clone, "origin/main"), tmp_path / "djworkers-x") as tree:
        assert not list((tree / "vendor/lib").iterdir())


def test_a_missing_commit_is_reported_with_the_remedy(project: Path, tmp_path: Path) -> None:
    wanted = git(project, "rev-parse", "main:vendor/lib")
    lib = project / "vendor" / "lib"
    git(lib, "checkout", "-q", "--orphan", "other")
    git(lib, "commit", "-q", "-m", "other")
    git(lib, "branch", "-D", "main")
    git(lib, "reflog", "expire", "--expire=now", "--all")
    git(lib, "update-ref", "-d", "refs/remotes/origin/main")
    git(lib, "remote", "remove", "origin")
    git(lib, "gc", "-q", "--prune=now")
    with pytest.raises(SettingsError) as error:
        worktree(base_revision(project, "main"), tmp_path / "djworkers-x").__enter__()
    assert "vendor/lib of main" in str(error.value)
    assert f"git -C {lib} fetch origin {wanted}" in str(error.value)
    assert "djworkers-x" not in left(project)[0]


def test_a_submodule_of_base_that_was_never_cloned_is_reported(
    project: Path, tmp_path: Path
) -> None:
    git(project, "rm", "-q", "-f", "vendor/lib")
    git(project, "commit", "-q", "-m", "without")
    shutil.rmtree(project / ".git" / "modules")
    with pytest.raises(SettingsError, match=r"vendor/lib of main .* was never cloned here"):
        worktree(base_revision(project, "main"), tmp_path / "djworkers-x").__enter__()


def test_a_submodule_that_only_base_has_is_filled(project: Path, tmp_path: Path) -> None:
    git(project, "rm", "-q", "-f", "vendor/lib")
    git(project, "commit", "-q", "-m", "without")
    with worktree(base_revision(project, "main"), tmp_path / "djworkers-x") as tree:
        assert (tree / "vendor/lib/file").read_text() == "lib of base"


def test_a_submodule_can_be_the_project(project: Path, tmp_path: Path) -> None:
    lib = project / "vendor" / "lib"
    before = left(lib)
    with worktree(base_revision(lib, "main~1"), tmp_path / "djworkers-x") as tree:
        assert (tree / "file").read_text() == "lib of base"
    assert left(lib) == before
