"""Commands under a guard that end with their test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from pytest_djworkers.server.process import GuardedProcess


class Guarded(Protocol):
    """Starts a Python script under a guard."""

    def __call__(self, script: str, *arguments: str, **options: Any) -> GuardedProcess: ...


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where what is started by ``guarded`` writes to."""
    return tmp_path / "log"


@pytest.fixture
def guarded(log: Path) -> Iterator[Guarded]:
    """What starts Python scripts under a guard, and ends them with the test."""
    with ExitStack() as stack:

        def start(script: str, *arguments: str, **options: Any) -> GuardedProcess:
            command = [sys.executable, "-I", "-S", "-c", script, *arguments]
            process = GuardedProcess(command, log=log, environment=os.environ, **options)
            stack.callback(process.stop)
            return process

        yield start
