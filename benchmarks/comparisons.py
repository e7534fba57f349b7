"""Comparisons as a user makes them, each with pytest in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from keep_comparisons import FILE_VARIABLE
from outcomes import Outcome
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.serialization import from_simple
from pytest_djworkers.system.git import run_git

TEST = "test_load.py::test_json"
WITHIN_S = 1800.0
"""The limit for one comparison, with its wait for other runs on the machine."""
_CLEANED_UP_WITHIN_S = 30.0
_SHOWN_LINES = 25
_HERE = Path(__file__).resolve().parent


def compare(
    folder: Path, base: str, *, series: str, server: str, number: int, tolerance: str
) -> Outcome:
    """Run pytest in a repository, and return its outcome."""
    when, began = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kept-") as name:
        kept, output = Path(name) / "kept", Path(name) / "output"
        # Without a comparison nothing is written, and the file must be there to be read.
        kept.touch()
        command = [
            *(sys.executable, "-m", "pytest", "-p", "keep_comparisons", "-p", "no:cacheprovider"),
            *(f"--djworkers={server}", f"--djworkers-compare={base}"),
            *(f"--djworkers-tolerance={tolerance}", TEST),
        ]
        status = _run(command, folder, output, {FILE_VARIABLE: str(kept), "PYTHONPATH": str(_HERE)})
        lines = kept.read_text().splitlines()
        compared = from_simple(json.loads(lines[-1]), ArmComparison) if lines else None
        said = "" if lines else "\n".join(output.read_text().splitlines()[-_SHOWN_LINES:])
    wall_s = round(time.monotonic() - began, 3)
    return Outcome(series, server, number, when, _package(), wall_s, status, compared, said)


def _run(command: list[str], folder: Path, output: Path, variables: dict[str, str]) -> int:
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C reaches it once, through us
        )
        try:
            return process.wait(WITHIN_S)
        except subprocess.TimeoutExpired:
            return _interrupted(process)
        except KeyboardInterrupt:
            _interrupted(process)
            raise


def _interrupted(process: subprocess.Popen[bytes]) -> int:
    """Interrupt pytest, and give it time to clean up; return its exit status."""
    # pytest ends its servers itself. If it is killed, its guards do.
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(_CLEANED_UP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _package() -> str:
    """Return the commit of this package."""
    done = run_git(_HERE, "describe", "--always", "--dirty=+", "--exclude=*")
    return done.stdout.strip() or "not in git"
