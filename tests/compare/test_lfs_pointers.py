"""Files of Git LFS whose content base lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.compare.lfs_pointers import refuse_missing_content
from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from tests.support.repository import git

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 12345\n"


@pytest.fixture
def tree(repository: Path) -> Path:
    """A tree whose models are pointers, also in subfolders."""
    (repository / "models").mkdir()
    (repository / "models" / ".gitattributes").write_text("*.bin filter=lfs diff=lfs -text\n")
    (repository / "models" / "words.bin").write_text(POINTER)
    git(repository, "-c", "filter.lfs.clean=cat", "add", "-A")
    git(repository, "commit", "-q", "-m", "models")
    return repository


def revision(top: Path) -> Revision:
    """Return a revision of this working tree."""
    return Revision(top, "main", "1234567890abcdef", is_head=False, is_dirty=False)


def test_content_that_base_lacks_is_reported(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "words.bin").write_bytes(b"12345")
    with pytest.raises(SettingsError, match=r"models/words\.bin in Git LFS.* run git lfs fetch"):
        refuse_missing_content(revision(tmp_path), tree)


def test_pointers_on_both_sides_are_fine(tree: Path) -> None:
    refuse_missing_content(revision(tree), tree)


def test_content_that_only_base_has_is_fine(tree: Path, tmp_path: Path) -> None:
    refuse_missing_content(revision(tmp_path), tree)


def test_without_lfs_a_file_that_looks_like_a_pointer_is_fine(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "file").write_text(POINTER)
    (tmp_path / "file").write_text("content")
    refuse_missing_content(revision(tmp_path), repository)
