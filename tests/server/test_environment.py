"""The environment of child processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_djworkers.server.environment import child_environment


@pytest.mark.parametrize(
    "name",
    ["PYTHONDEVMODE", "PYTHONWARNINGS", "COVERAGE_PROCESS_START", "COV_CORE_X"],
)
def test_what_slows_a_child_down_is_left_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert name not in child_environment()


def test_what_a_backend_names_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setenv("GRANIAN_PORT", "1")
    monkeypatch.setenv("MY_GRANIAN_PORT", "1")
    kept = child_environment(("GRANIAN_", "WEB_CONCURRENCY"))
    assert not {"WEB_CONCURRENCY", "GRANIAN_PORT"} & kept.keys()
    assert "MY_GRANIAN_PORT" in kept


def test_the_rest_is_kept_and_added_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_VARIABLE", "kept")
    monkeypatch.setenv("ANOTHER", "old")
    environment = child_environment(ANOTHER="new")
    assert environment["A_VARIABLE"] == "kept"
    assert environment["ANOTHER"] == "new"


def test_a_child_imports_what_this_process_does(
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
