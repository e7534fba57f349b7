"""What git knows: which revision is the base, and its files in a worktree of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.errors import SettingsError

_WITHIN_S = 120.0
_SHOWN_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit that a comparison has as its base, and the repository it is in."""

    top: Path
    """The repository's top folder, the working tree."""
    ref: str
    """What the user named."""
    commit: str
    is_head: bool
    """Whether it is the commit that is checked out."""
    is_dirty: bool
    """Whether files of the working tree differ from what is checked out, or are not in git."""

    @property
    def label(self) -> str:
        """The base in a few characters: ``main (1a2b3c4d5e)``."""
        return f"{self.ref} ({self.commit[:_SHOWN_DIGITS]})"


def base_revision(folder: Path, ref: str) -> Revision:
    """The merge base of a revision and what is checked out in a folder's repository.

    Raises SettingsError, in words, where there is none.
    """
    top = Path(_asked(folder, "rev-parse", "--show-toplevel", otherwise=_no_repository(folder)))
    if _asked(top, "rev-parse", "--is-shallow-repository", otherwise="") == "true":
        raise SettingsError(
            "this clone is shallow, so where its history meets the base's can't be known: run git"
            " fetch --unshallow (GitHub Actions: actions/checkout with fetch-depth: 0)"
        )
    if ref.startswith("-"):
        raise SettingsError(f"{ref!r} is not a revision")
    named = _asked(
        top,
        *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"),
        otherwise=f"{ref!r} is not a revision of the repository in {top} (git fetch?)",
    )
    head = _asked(
        top,
        *("rev-parse", "--verify", "--quiet", "HEAD^{commit}"),
        otherwise=f"nothing is committed in {top}",
    )
    commit = _asked(
        top,
        *("merge-base", named, head),
        otherwise=f"{ref!r} and what is checked out have no commit in common",
    )
    changed = _asked(top, "status", "--porcelain", otherwise="git status fails")
    return Revision(top, ref, commit, commit == head, bool(changed))


@contextmanager
def worktree(revision: Revision, folder: Path) -> Iterator[Path]:
    """The base's files in a folder that does not exist yet; gone at the end, however that comes.

    A detached worktree: no branch is made. Raises SettingsError when git can't.
    """
    # What runs that were killed left of theirs: only the entries of folders that are gone.
    _asked(revision.top, "worktree", "prune", otherwise="git worktree prune fails")
    _asked(
        revision.top,
        *("worktree", "add", "--detach", "--force", str(folder), revision.commit),
        otherwise=f"git can't check {revision.label} out into {folder}",
    )
    try:
        yield folder
    finally:
        _git(revision.top, "worktree", "remove", "--force", "--force", str(folder))
        _git(revision.top, "worktree", "prune")


def _no_repository(folder: Path) -> str:
    return f"{folder} is not in a git repository, so there is no revision to compare with"


def _asked(folder: Path, *arguments: str, otherwise: str) -> str:
    """What git says. Raises SettingsError with ``otherwise`` and git's own words."""
    done = _git(folder, *arguments)
    if done is None:
        raise SettingsError("git is not on PATH, or does not end")
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise SettingsError(f"{otherwise}{f' (git: {said})' if said else ''}")
    return done.stdout.strip()


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    # Run from a hook, git's variables name a repository; and hooks of the user's are not for us.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
