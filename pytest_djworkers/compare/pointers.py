"""Files of Git LFS that base's worktree has as pointers, and the working tree in full."""

from __future__ import annotations

from pathlib import Path

from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import run_git

_POINTER = b"version https://git-lfs.github.com/spec/"
_SHOWN = 3


def refuse_pointers(revision: Revision, tree: Path) -> None:
    """Raise SettingsError where the two arms would have other content for want of a download."""
    if run_git(tree, "grep", "-q", "filter=lfs", "--", ":(glob)**/.gitattributes").returncode:
        return
    pattern = f"^{_POINTER.decode()}"
    found = run_git(tree, "grep", "-z", "--files-with-matches", "-I", "-e", pattern)
    lacking = [
        name
        for name in found.stdout.split("\0")
        if name and _is_pointer(tree / name) and not _is_pointer(revision.top / name)
    ]
    if lacking:
        more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
        raise SettingsError(
            f"{revision.label} has {', '.join(lacking[:_SHOWN])}{more} in Git LFS, whose content is"
            " not here, though the working tree's is: run git lfs fetch origin"
            f" {revision.commit} (and git lfs install; GIT_LFS_SKIP_SMUDGE must not be set)"
        )


def _is_pointer(file: Path) -> bool:
    """Whether it is one, or not there."""
    try:
        with file.open("rb") as stream:
            return stream.read(len(_POINTER)) == _POINTER
    except OSError:
        return True
