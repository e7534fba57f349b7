"""Another process that holds a lock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import REPOSITORY

_TAKE = """
import os, sys
from pytest_djworkers.system.machine_lock import MachineLock

{first}
lock = MachineLock()
lock.acquire()
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def holder(
    then: str = "", *, first: str = "", cwd: Path = REPOSITORY
) -> Iterator[subprocess.Popen[str]]:
    """Yield another process while it holds the machine lock.

    It runs the code ``first`` before it takes the lock, and ``then`` once it reads a line of input.
    """
    with started(_TAKE.format(first=first) + then, cwd=cwd) as process:
        yield process


@contextmanager
def started(code: str, *arguments: str, cwd: Path = REPOSITORY) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that runs this code, once it has printed ``held``; end it afterwards."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()
