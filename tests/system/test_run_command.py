"""Programs that are run to their end, or for so long."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import freezegun
import pytest

from pytest_djworkers.system.run_command import run_command

PYTHON = (sys.executable, "-I", "-S", "-c")


def test_the_output_and_the_status_are_returned(tmp_path: Path) -> None:
    script = (
        "import os, sys; print(os.getcwd(), os.environ); print('e', file=sys.stderr); sys.exit(3)"
    )
    done = run_command([*PYTHON, script], within_s=30, cwd=tmp_path, env={"A": "b"})
    assert done.returncode == 3
    assert done.stdout.startswith(f"{tmp_path} ")
    assert "'A': 'b'" in done.stdout
    assert done.stderr == "e\n"


def test_a_program_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        run_command(["/no/such/program"], within_s=1)


def test_processes_that_a_program_leaves_running_are_not_waited_for() -> None:
    script = "import os, signal\nif not os.fork(): signal.alarm(30); signal.pause()"
    began = time.monotonic()
    assert run_command([*PYTHON, script], within_s=20).returncode == 0
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("tick", [0, 3600])
def test_it_is_ended_when_the_time_is_up_also_where_clocks_are_stopped(tick: int) -> None:
    began = time.monotonic()
    with (
        freezegun.freeze_time("2000-01-01", auto_tick_seconds=tick),
        pytest.raises(TimeoutError, match=r"did not end within 0\.2s"),
    ):
        run_command([*PYTHON, "import signal; signal.pause()"], within_s=0.2)
    assert time.monotonic() - began < 10
    with freezegun.freeze_time("2000-01-01", auto_tick_seconds=tick):
        assert run_command([*PYTHON, "pass"], within_s=30).returncode == 0
