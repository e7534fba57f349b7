"""The commits between the good revision and the working tree, as git has them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_djworkers.compare.bisection.candidates import Candidates
from pytest_djworkers.compare.bisection.result import UNCOMMITTED, Commit
from pytest_djworkers.compare.changed_code import new_modules
from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import git_output, run_git

_SEPARATOR = "\x1f"
_FORMAT = "%x1f".join(("%H", "%P", "%an", "%as", "%s"))
_WORKING_TREE = ""
"""The id of the changes that are not committed, which come after all commits."""


@dataclass(frozen=True, slots=True)
class CommitHistory:
    """The good revision, and all that came after it."""

    good: Revision
    good_commit: Commit
    head: str
    """The full hash of the commit that is checked out."""
    commits: dict[str, Commit]
    """The candidates by id, children before parents."""
    candidates: Candidates

    @property
    def number(self) -> int:
        """The number of commits after the good one."""
        return sum(1 for one in self.commits if one != _WORKING_TREE)

    @property
    def has_changes(self) -> bool:
        """True if changes that are not committed are a candidate."""
        return _WORKING_TREE in self.commits

    def revision_of(self, commit: Commit) -> Revision:
        """Return the revision that is the base of the comparison with a commit."""
        if commit == self.good_commit:
            return self.good
        is_head = commit.id == self.head
        return replace(self.good, ref=commit.id[:10], commit=commit.id, is_head=is_head)


def read_history(good: Revision, written: Collection[Path] = ()) -> CommitHistory:
    """Return the commits after a good one. Raises SettingsError if there are none, and no changes.

    All commits that the good one doesn't have are taken, also those of merged branches. ``written``
    are files that the tests write themselves, which are no changes.
    """
    top = good.top
    head = git_output(top, "rev-parse", "--verify", "HEAD^{commit}", failure="git rev-parse fails")
    (good_commit, _), *_ = _log(good, "--max-count=1", good.commit)
    listed = _log(good, f"{good.commit}..{head}")
    if _has_changes(good, written):
        listed.insert(0, (Commit(_WORKING_TREE, UNCOMMITTED), [head]))
    if not listed:
        raise SettingsError(
            f"--djworkers-bisect={good.ref}: {good.label} is the commit that is checked out, and"
            " nothing is changed since: name an older commit, at which the test was still fast"
        )
    parents = {commit.id: ids for commit, ids in listed}
    commits = {commit.id: commit for commit, _ in listed}
    return CommitHistory(good, good_commit, head, commits, Candidates(parents))


def changes_of(good: Revision) -> str:
    """Return a digest of the changes that are not committed; it is the same while they are.

    They are those of files that git has, and new modules. Other new files don't count: a run of the
    tests may itself write some, such as a report. Raises SettingsError if git fails.
    """
    top, digest = good.top, hashlib.sha256()
    difference = git_output(
        top,
        *("diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv", "--no-color"),
        failure="git diff fails",
    )
    digest.update(difference.encode(errors="surrogateescape"))
    for name in new_modules(top):
        digest.update(f"\0{name}\0".encode(errors="surrogateescape"))
        file = top / name
        # git lists a link to nothing, and a repository in a folder, too.
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _has_changes(good: Revision, written: Collection[Path]) -> bool:
    """Return True if files are changed, or new and not in ``written``."""
    status = git_output(
        good.top,
        *("status", "--porcelain", "--untracked-files=all", "-z"),
        failure="git status fails",
    )
    top, files = good.top.resolve(), [file.resolve() for file in written]
    new = {f"?? {file.relative_to(top)}" for file in files if file.is_relative_to(top)}
    # The old name of a file that was renamed is an entry of its own, after the new one's.
    return any(entry not in new for entry in status.split("\0") if entry)


def _log(good: Revision, *what: str) -> list[tuple[Commit, list[str]]]:
    """Return commits, children before parents, each with the ids of its parents."""
    arguments = ("--topo-order", "--encoding=UTF-8", "--no-show-signature", "--no-color", "-z")
    done = run_git(good.top, "log", *arguments, f"--format={_FORMAT}", *what, "--")
    if done.returncode:
        raise SettingsError(f"git can't list the commits after {good.label} (git: {done.stderr})")
    # A message may hold anything, and is written to files in UTF-8.
    text = done.stdout.encode(errors="surrogateescape").decode(errors="replace")
    return [_commit(entry) for entry in text.split("\0") if entry.strip()]


def _commit(entry: str) -> tuple[Commit, list[str]]:
    found, parents, author, date, subject = entry.strip("\n").split(_SEPARATOR, 4)
    return Commit(found, subject, author, date), parents.split()
