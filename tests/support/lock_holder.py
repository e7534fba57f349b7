"""Another process that holds the machine lock."""

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
    """Yield another process while it holds the lock.

    It runs the code ``first`` before it takes the lock, and ``then`` once it reads a line of input.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _TAKE.format(first=first) + then],
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
