"""Runs of pytest as a user makes them, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keep_records import FILE_VARIABLE
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.system.git import run_git

WITHIN_S = 1800.0
"""The limit for one run, with its wait for other runs on the machine."""
_CLEANED_UP_WITHIN_S = 30.0
_SHOWN_LINES = 25
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Run:
    """A run of pytest that has ended."""

    status: int
    """pytest's exit status."""
    wall_s: float
    output: str
    records: tuple[BurstRecord, ...]

    @property
    def compared(self) -> ArmComparison | None:
        """The last comparison; None if there was none."""
        found = [record.against_base for record in self.records if record.against_base]
        return found[-1] if found else None

    @property
    def end(self) -> str:
        """The last lines of the output."""
        return "\n".join(self.output.splitlines()[-_SHOWN_LINES:])


def run_pytest(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
    """Run pytest in a folder, with these additional variables."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kept-") as name:
        kept, output = Path(name) / "kept", Path(name) / "output"
        # Without a burst nothing is written, and the file must be there to be read.
        kept.touch()
        command = [
            *(sys.executable, "-m", "pytest", "-p", "keep_records", "-p", "no:cacheprovider"),
            *arguments,
        ]
        variables = {FILE_VARIABLE: str(kept), "PYTHONPATH": str(_HERE), **(environment or {})}
        status = _run(command, folder, output, variables)
        records = tuple(map(BurstRecord.from_dict, map(json.loads, kept.open())))
        said = output.read_text(errors="replace")
    return Run(status, round(time.monotonic() - began, 3), said, records)


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


def package_commit() -> str:
    """Return the commit of this package, with ``+`` if files differ from it."""
    done = run_git(_HERE, "describe", "--always", "--dirty=+", "--exclude=*")
    return done.stdout.strip() or "not in git"
