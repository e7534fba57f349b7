"""The environment of child processes."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from pytest_djworkers.system.environment import child_environment, python_path
from pytest_djworkers.system.python_folders import python_folders


@pytest.mark.parametrize(
    "name",
    [
        *("PYTHONDEVMODE", "PYTHONWARNINGS", "COVERAGE_PROCESS_START", "COV_CORE_X"),
        *("PYTHONMALLOC", "PYTHONINSPECT"),
    ],
)
def test_variables_that_slow_a_child_down_are_left_out(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    assert name not in child_environment()


def test_variables_can_be_left_out_by_name_and_by_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setenv("GRANIAN_PORT", "1")
    monkeypatch.setenv("MY_GRANIAN_PORT", "1")
    kept = child_environment(("GRANIAN_", "WEB_CONCURRENCY"))
    assert not {"WEB_CONCURRENCY", "GRANIAN_PORT"} & kept.keys()
    assert "MY_GRANIAN_PORT" in kept


def test_other_variables_are_kept_and_new_ones_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_VARIABLE", "kept")
    monkeypatch.setenv("ANOTHER", "old")
    environment = child_environment(ANOTHER="new")
    assert environment["A_VARIABLE"] == "kept"
    assert environment["ANOTHER"] == "new"


def test_a_child_imports_the_same_modules_as_this_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "only_here.py").write_text("print('found')")
    monkeypatch.syspath_prepend(tmp_path)
    said = subprocess.run(
        [sys.executable, "-P", "-c", "import only_here, pytest_djworkers"],
        env=child_environment(),
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout == "found\n"


def test_an_empty_entry_does_not_put_the_current_folder_on_the_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", ["", "/a", "/b"])
    assert child_environment()["PYTHONPATH"] == "/a:/b"


@pytest.mark.parametrize("name", ["PYTHONOPTIMIZE", "PYTHONUTF8", "HTTP_PROXY", "HTTPS"])
def test_variables_that_the_site_may_read_are_kept(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    assert child_environment()[name] == "1"


def test_an_interpreters_own_folders_come_first() -> None:
    first = python_path(["/site", *python_folders(), "/more"]).split(os.pathsep)
    assert first == [*python_folders(), "/site", "/more"]
    assert Path(os.__file__).parent in map(Path, python_folders())


def test_another_interpreter_is_asked_for_its_folders(tmp_path: Path) -> None:
    venv.create(tmp_path / "other", symlinks=True)
    python = tmp_path / "other" / "bin" / "python"
    assert any(one.startswith(str(tmp_path / "other")) for one in python_folders(str(python)))
    assert python_folders(str(tmp_path / "no-python")) == ()
