"""Base's files in a worktree of their own, gone when the comparison is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_djworkers.compare.lfs_pointers import refuse_missing_content
from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.compare.submodules import fill_submodules
from pytest_djworkers.system.git import git_output, write_files
from pytest_djworkers.system.long_waits import Say, say_nothing
from pytest_djworkers.system.scratch import PREFIX

NAME = "base-tree"
"""The folder's name in a run's folder."""


@contextmanager
def worktree(
    revision: Revision, scratch: Path, watch: tuple[int, ...] = (), say: Say = say_nothing
) -> Iterator[Path]:
    """Base's files, in a folder of the run's; gone at the end, however that comes.

    A detached worktree: no branch is made. Submodules are filled from what is there. Raises
    SettingsError when git can't, or where files would not be what they are in the working tree.
    """
    common = _common_folder(revision.top)
    _repair(common)
    folder, log = scratch / NAME, scratch / "git.log"
    try:
        write_files(
            revision.top,
            *("worktree", "add", "--detach", "--force", str(folder), revision.commit),
            failure=f"git can't check {revision.label} out into {folder}",
            log=log,
            watch=watch,
            say=say,
        )
        fill_submodules(revision, common, folder, log=log, watch=watch, say=say)
        refuse_missing_content(revision, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _forget(common, folder)


def _common_folder(folder: Path) -> Path:
    """Return the folder that all worktrees of a repository share, its ``.git``."""
    found = git_output(
        folder, "rev-parse", "--git-common-dir", failure=f"{folder} has no .git folder"
    )
    return (folder / found).resolve()


def _repair(common: Path) -> None:
    """Forget the worktrees of runs that were killed, those of which git believes that they are
    just being made included. Others' are left alone, also where their folder is gone: it may be
    on a disk that is not there now."""
    for entry, folder in _entries(common):
        is_ours = folder.name == NAME and folder.parent.name.startswith(PREFIX)
        if is_ours and not folder.parent.exists():
            _remove_entry(entry)


def _forget(common: Path, folder: Path) -> None:
    for entry, its_folder in _entries(common):
        if its_folder == folder.resolve():
            _remove_entry(entry)


def _entries(common: Path) -> list[tuple[Path, Path]]:
    """What git keeps of each worktree, and the folder that it is in (gitrepository-layout(5))."""
    found = []
    for file in sorted((common / "worktrees").glob("*/gitdir")):
        with suppress(OSError, UnicodeDecodeError):
            found.append((file.parent, (file.parent / file.read_text().strip()).resolve().parent))
    return found


def _remove_entry(entry: Path) -> None:
    # As git worktree prune does, which leaves those that are locked.
    shutil.rmtree(entry, ignore_errors=True)
    with suppress(OSError):
        entry.parent.rmdir()
