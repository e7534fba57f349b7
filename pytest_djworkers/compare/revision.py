"""Find the revision that is the base of a comparison."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import git_output, run_git

_SHOWN_DIGITS = 10
_COMMIT = re.compile(r"[0-9a-f]{40,}")
_AMBIGUOUS = "is ambiguous"


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit that is the base of a comparison, and its repository."""

    top: Path
    """The top folder of the working tree."""
    ref: str
    """The name that the user gave."""
    commit: str
    is_head: bool
    """True if it is the commit that is checked out."""
    is_dirty: bool
    """True if files of the working tree differ from that commit, or are not in git."""

    @property
    def label(self) -> str:
        """The base for people: ``main (1a2b3c4d5e)``."""
        return f"{self.ref} ({self.commit[:_SHOWN_DIGITS]})"


def base_revision(folder: Path, ref: str) -> Revision:
    """Return the merge base of a revision and the commit that is checked out.

    The merge base and not the revision itself: what others have put on ``main`` since this branch
    left it would be compared as well. Raises SettingsError if there is none.
    """
    top = _top_of(folder)
    if (
        git_output(top, "rev-parse", "--is-shallow-repository", failure="git rev-parse fails")
        == "true"
    ):
        raise SettingsError(
            "this clone is shallow, so the commit where its history meets the base's is unknown:"
            " run git fetch --unshallow (GitHub Actions: actions/checkout with fetch-depth: 0)"
        )
    named = _commit_of(top, ref)
    head = git_output(
        top,
        *("rev-parse", "--verify", "--quiet", "HEAD^{commit}"),
        failure=f"nothing is committed in {top}",
    )
    commit = git_output(
        top,
        *("merge-base", named, head),
        failure=f"{ref!r} and what is checked out have no commit in common",
    )
    changed = git_output(top, "status", "--porcelain", failure="git status fails")
    return Revision(top, ref, commit, commit == head, bool(changed))


def _top_of(folder: Path) -> Path:
    found = run_git(folder, "rev-parse", "--show-toplevel")
    if not found.returncode and (top := found.stdout.strip()):
        return Path(top)
    said = " ".join(found.stderr.split())
    if "must be run in a work tree" in said or not found.returncode:
        raise SettingsError(
            f"the repository of {folder} has no working tree there (it is bare, or the folder is"
            " its .git): run pytest in a clone of it, or in a worktree (git worktree add)"
        )
    raise SettingsError(
        f"{folder} is not in a git repository, so there is no revision to compare with"
        f"{f' (git: {said})' if said else ''}"
    )


def _commit_of(top: Path, ref: str) -> str:
    if ref.startswith("-"):
        raise SettingsError(f"{ref!r} is not a revision")
    found = run_git(top, *("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}"))
    said = " ".join(found.stderr.split())
    if _AMBIGUOUS in said:
        raise SettingsError(
            f"{ref!r} can mean more than one thing in the repository in {top} (git: {said}): name"
            " a branch refs/heads/NAME, a tag refs/tags/NAME, a commit with more digits"
        )
    commit = found.stdout.strip()
    if found.returncode or not _COMMIT.fullmatch(commit):
        raise SettingsError(
            f"{ref!r} is not a revision of the repository in {top} (git fetch?)"
            f"{f' (git: {said})' if said else ''}"
        )
    return commit
