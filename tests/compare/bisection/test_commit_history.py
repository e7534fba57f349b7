"""The history of a bisection, from real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.compare.bisection.commit_history import changes_of, read_history
from pytest_djworkers.compare.revision import good_revision
from pytest_djworkers.errors import SettingsError
from tests.support.repository import commit, git, left


def test_all_commits_that_the_good_one_lacks_are_candidates(repository: Path) -> None:
    good = git(repository, "merge-base", "main", "feature")
    git(repository, "merge", "-q", "-s", "ours", "-m", "a | merge: ünïcode", "main")
    before = left(repository)
    history = read_history(good_revision(repository, good))
    assert history.good_commit.subject == "first"
    assert history.number == 4
    assert not history.has_changes
    newest, *others = history.commits.values()
    assert (newest.subject, newest.author) == ("a | merge: ünïcode", "A")
    assert {one.subject for one in others} == {"second", "third", "another second"}
    assert history.candidates.comparisons_left({}) == 2
    assert history.revision_of(newest).label == newest.id[:10]
    assert left(repository) == before


def test_a_revision_that_is_no_ancestor_is_refused(repository: Path) -> None:
    with pytest.raises(SettingsError, match="'main' is no ancestor of the commit that is checked"):
        good_revision(repository, "main")


def test_the_commit_that_is_checked_out_has_nothing_after_it_but_changes(repository: Path) -> None:
    with pytest.raises(SettingsError, match="nothing is changed since: name an older commit"):
        read_history(good_revision(repository, "feature"))
    report = repository / "load.json"
    report.write_text("{}")
    with pytest.raises(SettingsError, match="nothing is changed since"):
        read_history(good_revision(repository, "feature"), [report])
    history = read_history(good_revision(repository, "feature"))
    assert [str(one) for one in history.commits.values()] == ["uncommitted changes"]


def test_the_digest_of_changes_is_that_of_files_in_git_and_of_modules(repository: Path) -> None:
    good = good_revision(repository, "HEAD~1")
    digests = [changes_of(good)]
    (repository / "new.txt").write_text("a report, perhaps")
    assert changes_of(good) == digests[0]
    for name, text in (("new.py", "x = 1"), ("new.py", "x = 2"), ("file", "changed")):
        (repository / name).write_text(text)
        digests.append(changes_of(good))
    assert len(set(digests)) == len(digests)
    # Staged or not, it is the same.
    git(repository, "add", "file")
    assert changes_of(good) == digests[-1]
    commit(repository, "fourth")
    assert changes_of(good) != digests[-1]
