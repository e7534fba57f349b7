"""Files of Git LFS that are pointers in base's worktree, and real in the working tree.

Git LFS downloads the content of such files at checkout. Nothing is fetched here, so content that
this clone has never had stays a pointer: a few lines of text.
"""

from __future__ import annotations

from pathlib import Path

from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import run_git

_POINTER = b"version https://git-lfs.github.com/spec/"
_SHOWN = 3


def refuse_missing_content(revision: Revision, tree: Path) -> None:
    """Raise SettingsError if base has only a pointer to a file whose content head has."""
    # A repository without LFS is common, and finding that out is cheap.
    if run_git(tree, "grep", "-q", "filter=lfs", "--", ":(glob)**/.gitattributes").returncode:
        return
    pattern = f"^{_POINTER.decode()}"
    found = run_git(tree, "grep", "-z", "--files-with-matches", "-I", "-e", pattern)
    missing = [
        name
        for name in found.stdout.split("\0")
        if name and _has_no_content(tree / name) and not _has_no_content(revision.top / name)
    ]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise SettingsError(
            f"{revision.label} has {', '.join(missing[:_SHOWN])}{more} in Git LFS, but this clone"
            " lacks the content, which the working tree has: run git lfs fetch origin"
            f" {revision.commit} (and git lfs install; GIT_LFS_SKIP_SMUDGE must not be set)"
        )


def _has_no_content(file: Path) -> bool:
    """Return True for a pointer, and for a file that is missing."""
    try:
        with file.open("rb") as stream:
            return stream.read(len(_POINTER)) == _POINTER
    except OSError:
        return True
