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
        """The base for people: ``main (1a2b3c4d5e)``, or the commit alone if it has no name."""
        digits = self.commit[:_SHOWN_DIGITS]
        return digits if self.ref == digits else f"{self.ref} ({digits})"


def base_revision(folder: Path, ref: str) -> Revision:
    """Return the merge base of a revision and the commit that is checked out in a repository.

    ``folder`` is any folder of its working tree. Raises SettingsError if there is no merge base.
    """
    top = _top_of(folder)
    _refuse_shallow(top)
    named = _commit_of(top, ref)
    # The merge base, not the revision itself: otherwise everything that others have added to main
    # since this branch left it would count as a change of this branch.
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


def good_revision(folder: Path, ref: str) -> Revision:
    """Return a revision that what is checked out has come from: an ancestor, or the same commit.

    ``folder`` is any folder of the working tree. Raises SettingsError if it is no such revision.
    """
    good = base_revision(folder, ref)
    if good.commit != _commit_of(good.top, ref):
        raise SettingsError(
            f"{ref!r} is no ancestor of the commit that is checked out, so there is no history to"
            f" search between them; the newest commit that both have is {good.commit[:10]}: if the"
            " test was fast there, name that one"
        )
    return good


def _refuse_shallow(top: Path) -> None:
    """Raise SettingsError if old commits are missing, and with them perhaps the merge base."""
    is_shallow = git_output(
        top, "rev-parse", "--is-shallow-repository", failure="git rev-parse fails"
    )
    if is_shallow == "true":
        raise SettingsError(
            "this clone is shallow, so the commit where its history meets the base's is unknown:"
            " run git fetch --unshallow (GitHub Actions: actions/checkout with fetch-depth: 0)"
        )


def _top_of(folder: Path) -> Path:
    """Return the top folder of the working tree that a folder is in."""
    found = run_git(folder, "rev-parse", "--show-toplevel")
    if not found.returncode and (top := found.stdout.strip()):
        return Path(top)
    message = " ".join(found.stderr.split())
    # In a folder .git, git succeeds and prints nothing.
    if "must be run in a work tree" in message or not found.returncode:
        raise SettingsError(
            f"the repository of {folder} has no working tree there (it is bare, or the folder is"
            " its .git): run pytest in a clone of it, or in a worktree (git worktree add)"
        )
    raise SettingsError(
        f"{folder} is not in a git repository, so there is no revision to compare with"
        f"{f' (git: {message})' if message else ''}"
    )


def _commit_of(top: Path, ref: str) -> str:
    """Return the id of the commit that a revision names."""
    # No branch or tag begins with a dash (git-check-ref-format(1)): it can only be an option.
    if ref.startswith("-"):
        raise SettingsError(f"{ref!r} is not a revision")
    found = run_git(top, *("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}"))
    message = " ".join(found.stderr.split())
    if _AMBIGUOUS in message:
        raise SettingsError(
            f"{ref!r} can mean more than one thing in the repository in {top} (git: {message}):"
            " name a branch refs/heads/NAME, a tag refs/tags/NAME, a commit with more digits"
        )
    commit = found.stdout.strip()
    # "^main" and "a..b" succeed, too, and are no commits.
    if found.returncode or not _COMMIT.fullmatch(commit):
        raise SettingsError(
            f"{ref!r} is not a revision of the repository in {top} (git fetch?)"
            f"{f' (git: {message})' if message else ''}"
        )
    return commit
