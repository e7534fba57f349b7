"""Check out base's files into a worktree of their own, for as long as the run lasts."""

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
"""The name of the worktree in a run's folder."""


@contextmanager
def worktree(
    revision: Revision, scratch: Path, watch: tuple[int, ...] = (), say: Say = say_nothing
) -> Iterator[Path]:
    """Return a context manager that gives a folder with base's files, and removes it at the end.

    It is a detached worktree: no branch is created. Submodules are filled without fetching. Raises
    SettingsError if git can't do that, or if base's files would lack content that head has.
    """
    common = _common_folder(revision.top)
    # Before this run's worktree is made, which is named like theirs.
    _forget_killed_runs(common)
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
        # Not with git worktree remove, which refuses a worktree whose checkout was interrupted: git
        # has it locked until all files are there.
        shutil.rmtree(folder, ignore_errors=True)
        _forget(common, folder)


def _common_folder(folder: Path) -> Path:
    """Return the folder that all worktrees of a repository share, its ``.git``."""
    found = git_output(
        folder, "rev-parse", "--git-common-dir", failure=f"{folder} has no .git folder"
    )
    return (folder / found).resolve()


def _forget_killed_runs(common: Path) -> None:
    """Remove git's records of worktrees of runs that were killed.

    git worktree prune is not enough: it leaves a worktree whose checkout was interrupted, which is
    still locked. And it would remove records of users' worktrees on a disk that isn't mounted.
    """
    for entry, folder in _entries(common):
        is_ours = folder.name == NAME and folder.parent.name.startswith(PREFIX)
        if is_ours and not folder.parent.exists():
            _remove_entry(entry)


def _forget(common: Path, folder: Path) -> None:
    """Remove git's record of a worktree."""
    for entry, its_folder in _entries(common):
        if its_folder == folder.resolve():
            _remove_entry(entry)


def _entries(common: Path) -> list[tuple[Path, Path]]:
    """Return git's record of each worktree with the worktree's folder.

    See ``worktrees`` in gitrepository-layout(5): the file ``gitdir`` names the worktree's ``.git``.
    """
    found = []
    for file in sorted((common / "worktrees").glob("*/gitdir")):
        with suppress(OSError, UnicodeDecodeError):
            found.append((file.parent, (file.parent / file.read_text().strip()).resolve().parent))
    return found


def _remove_entry(entry: Path) -> None:
    shutil.rmtree(entry, ignore_errors=True)
    # As git does: without worktrees, there is no folder for them. It fails if there are others.
    with suppress(OSError):
        entry.parent.rmdir()
