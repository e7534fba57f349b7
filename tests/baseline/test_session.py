"""The session that is stored of a burst, and the facts of its run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.baseline.session import run_facts, session_of
from tests.support.repository import git
from tests.support.results import RESULT


def test_the_versions_of_all_that_counts_are_stored() -> None:
    assert session_of(RESULT).versions.keys() == {
        "python",
        "django",
        "pytest-djworkers",
        "asyncio",
        "granian",
    }


def test_outside_git_there_is_no_commit(tmp_path: Path) -> None:
    facts = run_facts(tmp_path)
    assert facts.commit is None
    assert facts.saved.endswith("+00:00")
    assert facts.surroundings


def test_the_commit_is_marked_where_files_differ_from_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    file = tmp_path / "file"
    file.write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "--message=one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert run_facts(tmp_path).commit == commit
    file.write_text("two")
    assert run_facts(tmp_path).commit == f"{commit}+"


def test_the_commit_is_the_repositorys_also_when_a_hook_of_another_runs_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=one")
    assert run_facts(tmp_path).commit == git(tmp_path, "rev-parse", "HEAD")
