"""py-spy that is missing, fails or may not attach: one line says why, and nothing is left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pytest_djworkers.profiling.py_spy import NOT_INSTALLED, SamplerError, recording
from tests.support.processes import REPOSITORY, mentioning, until

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


def why_not(folder: Path, pid: int = 1) -> str:
    with pytest.raises(SamplerError) as raised, recording([pid], folder):
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


BURN = """
def burn():
    while True:
        sum(range(1000))

print("up", flush=True)
burn()
"""
UNDUMPABLE = """
import ctypes, subprocess, sys, tempfile
from pathlib import Path
from pytest_djworkers.profiling.py_spy import SamplerError, recording

hides = "import ctypes; ctypes.CDLL(None).prctl(4, 0); print('up', flush=True); input()"
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
with (
    tempfile.TemporaryDirectory() as folder,
    subprocess.Popen([sys.executable, "-c", hides], **pipes) as process,
):
    process.stdout.readline()
    try:
        with recording([process.pid], Path(folder)):
            print("attached")
    except SamplerError as error:
        print(error)
    process.kill()
"""
"""Records a process that has made itself undumpable (PR_SET_DUMPABLE), and prints why it can't."""


@pytest.fixture
def burning() -> Iterator[int]:
    """The id of a process that computes."""
    with subprocess.Popen([sys.executable, "-c", BURN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        process.kill()


def test_the_function_that_computes_is_seen(burning: int, tmp_path: Path) -> None:
    with recording([burning], tmp_path) as recorded:
        # Samples are in no file before the end.
        used = psutil.Process(burning).cpu_times
        begun_s = used().user
        until(lambda: used().user - begun_s > 0.5, within_s=60)
        samples = recorded.finish()
    for found in (samples.active, samples.holding):
        in_burn = sum(number for stack, number in found.items() if stack[-1].name == "burn")
        # A fifth of a busy machine's samples.
        assert in_burn > 10
        assert in_burn > 0.8 * sum(found.values())
    most = max(samples.holding, key=lambda stack: samples.holding[stack])
    assert (most[-1].name, most[-1].line) == ("burn", 4)
    assert not mentioning(tmp_path)


def test_a_process_that_is_gone_is_a_line(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    said = why_not(tmp_path, process.pid)
    assert said.startswith("py-spy can't read the server's stacks: ")
    assert "\n" not in said
    assert not mentioning(tmp_path)


def test_a_process_that_ends_meanwhile_leaves_its_samples(burning: int, tmp_path: Path) -> None:
    with recording([burning], tmp_path) as recorded:
        psutil.Process(burning).kill()
        recorded.finish()
    assert not mentioning(tmp_path)


def test_a_recording_that_is_left_early_leaves_no_process(burning: int, tmp_path: Path) -> None:
    with recording([burning], tmp_path):
        assert mentioning(tmp_path)
    assert not mentioning(tmp_path)


def test_an_undumpable_process_is_refused_without_the_capability() -> None:
    # Only root has it, and a plain user may not be able to run root's Python.
    without = ["setpriv", "--bounding-set=-sys_ptrace"] if os.getuid() == 0 else []
    done = subprocess.run(
        [*without, sys.executable, "-c", UNDUMPABLE],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        timeout=60,
    )
    assert done.stdout.startswith("py-spy may not attach to the server: "), done.stdout
    assert "undumpable" in done.stdout
