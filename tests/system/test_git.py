"""Git, run in the repository that is named, and no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import git_output, run_git
from tests.support.processes import lives, until
from tests.support.repository import git


def fake_git(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a shell script named git before the real one on PATH."""
    (folder / "git").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_output_is_returned_without_white_space_around_it(repository: Path) -> None:
    head = git_output(repository, "rev-parse", "HEAD", failure="")
    assert head == git(repository, "rev-parse", "HEAD")


def test_a_failure_is_reported_in_our_words_and_in_gits(repository: Path) -> None:
    with pytest.raises(SettingsError, match=r"^no such branch \(git: fatal: .*nowhere.*\)$"):
        git_output(repository, "rev-parse", "nowhere", failure="no such branch")


def test_paths_that_are_no_utf8_stay_usable(repository: Path) -> None:
    file = repository / os.fsdecode(b"caf\xe9")
    file.touch()
    listed = run_git(repository, "ls-files", "-z", "--others").stdout.split("\0")
    assert [name for name in listed if (repository / name) == file]


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_variables_of_a_hook_do_not_lead_to_another_repository(
    variable: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert git_output(repository, "status", "--porcelain", failure="") == ""


def test_a_killed_git_is_reported_with_its_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_git(tmp_path, "kill -9 $$", monkeypatch)
    with pytest.raises(SettingsError, match=r"^git rev-parse was ended by signal 9$"):
        run_git(tmp_path, "rev-parse", "HEAD")


def test_a_git_that_hangs_is_killed_with_everything_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_git(tmp_path, f"sleep 60 & echo $! > {tmp_path}/pid; wait", monkeypatch)
    with pytest.raises(SettingsError, match=r"^git rev-parse did not end within 0\.3s in "):
        run_git(tmp_path, "rev-parse", "HEAD", timeout_s=0.3)
    until(lambda: not lives(int((tmp_path / "pid").read_text())))


def test_a_missing_git_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match=r"^git is not on PATH: install git$"):
        run_git(tmp_path, "status")
