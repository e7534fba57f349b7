"""Copies of files that git ignores, from the working tree to base's worktree.

They are copies and not links, because base may write to them, and the user's files must stay as
they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import git_output, run_git


def ignored_files(top: Path, patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the files that git ignores and that one of the patterns matches, sorted.

    They are relative to ``top``, the repository's top folder. A pattern that is a folder matches
    all that is in it; of a folder with files that git has, only the others are taken. Raises
    SettingsError for a pattern that matches none.
    """
    found: set[str] = set()
    for pattern in patterns:
        files = _ignored(top, pattern)
        if not files:
            raise SettingsError(f"djworkers_compare_copy: {pattern!r}: {_why_none(top, pattern)}")
        found.update(files)
    return tuple(sorted(found))


def copy_files(files: Iterable[str], top: Path, tree: Path) -> None:
    """Copy files of the working tree to ``tree``, base's worktree, where base does not have them.

    Raises SettingsError if one can't be copied.
    """
    for name in files:
        source, target = top / name, tree / name
        # Base's git may have the file: it is base's then.
        if target.exists() or target.is_symlink():
            continue
        try:
            # Folders that lead out of base's worktree would make this write to the user's files.
            if not target.parent.resolve().is_relative_to(tree.resolve()):
                raise SettingsError(
                    f"djworkers_compare_copy: {name}: in base, its folder is a link that leads to"
                    f" {target.parent.resolve()}"
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, target, top, tree)
        except OSError as error:
            raise SettingsError(
                f"djworkers_compare_copy: {name} can't be copied to base's files:"
                f" {error.strerror or error}"
            ) from None


def _copy(source: Path, target: Path, top: Path, tree: Path) -> None:
    """Copy a file, or a link, which must not lead from base's files to the working tree."""
    if not source.is_symlink():
        # git lists a repository in an ignored folder as one entry.
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, target)
        return
    leads_to = source.readlink()
    if leads_to.is_absolute() and leads_to.is_relative_to(top):
        target.symlink_to(tree / leads_to.relative_to(top))
    elif (source.parent / leads_to).resolve().is_relative_to(top.resolve()):
        target.symlink_to(leads_to)
    elif source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _ignored(top: Path, pattern: str) -> list[str]:
    listed = git_output(
        top,
        *("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--"),
        *_matching(pattern),
        failure=f"djworkers_compare_copy: {pattern!r}: git ls-files fails",
    )
    return [name for name in listed.split("\0") if name]


def _matching(pattern: str) -> tuple[str, str]:
    """Return git's patterns for a path or a pattern, and for all that is in such a folder."""
    return f":(top,glob){pattern}", f":(top,glob){pattern}/**"


def _why_none(top: Path, pattern: str) -> str:
    """Return why git ignores no file that a pattern matches."""
    if run_git(top, "ls-files", "--", *_matching(pattern)).stdout:
        return "git has these files, so base has its own: only files that git ignores are copied"
    if run_git(top, "ls-files", "--others", "--", *_matching(pattern)).stdout:
        return "git doesn't ignore these files: name them in .gitignore, or commit them"
    return "the working tree has no such file: make it first (collectstatic, npm run build)"
