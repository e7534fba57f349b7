"""py-spy that is missing, fails or may not attach: one line says why, and nothing is left."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_djworkers.profiling.py_spy import NOT_INSTALLED, SamplerError, recording
from tests.support.processes import mentioning

UNREADABLE = """\
Error: Failed to find python version from target process
"""
REFUSED = """\
Error: Failed to get process executable name. Check that the process is running.

Caused by:
    0: Permission denied (os error 13)
    1: Permission denied (os error 13)
"""
"""The text of py-spy 0.4 without CAP_SYS_PTRACE, for a process that has it."""
IN_SECCOMP = """\
Error: Operation not permitted (os error 1)
"""
ANOTHER_INTERPRETER = "a folder without py-spy beside its Python"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(sys, "executable", str(tmp_path / ANOTHER_INTERPRETER / "python"))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def failing(programs: Path, message: str) -> None:
    """Put a py-spy there that says this and fails."""
    program = programs / "py-spy"
    program.write_text(f"#!/bin/sh\n/bin/cat >&2 <<'END'\n{message}END\nexit 1\n")
    program.chmod(0o755)


def why_not(folder: Path) -> str:
    with pytest.raises(SamplerError) as raised, recording([1], folder):
        pass
    return str(raised.value)


@pytest.mark.usefixtures("programs")
def test_a_missing_py_spy_is_named_with_its_remedy(tmp_path: Path) -> None:
    assert why_not(tmp_path) == NOT_INSTALLED
    assert "pip install" in NOT_INSTALLED


@pytest.mark.parametrize("message", [REFUSED, IN_SECCOMP])
def test_a_refusal_says_why_in_one_line(programs: Path, tmp_path: Path, message: str) -> None:
    failing(programs, message)
    said = why_not(tmp_path)
    assert said.startswith("py-spy may not attach to the server: ")
    assert "SYS_PTRACE" in said
    assert "\n" not in said
    assert not mentioning(tmp_path)


def test_an_interpreter_that_py_spy_cannot_read_is_a_line(programs: Path, tmp_path: Path) -> None:
    failing(programs, UNREADABLE)
    assert why_not(tmp_path) == (
        "py-spy can't read the server's stacks: "
        "Error: Failed to find python version from target process"
    )
    assert not mentioning(tmp_path)
