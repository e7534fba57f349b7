"""One agent as a child process, and the lines of JSON that it exchanges with this one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import httptools
import msgspec

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_job import AgentJob, StartSignal
from pytest_djworkers.load.agent_protocol import SAME_CLOCK, Lines
from pytest_djworkers.load.generator import Target
from pytest_djworkers.serialization import to_line
from pytest_djworkers.system.deadlines import written_within
from pytest_djworkers.system.environment import child_environment, python_path
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.process import GuardedProcess

JOB_READ_WITHIN_S = 30.0
"""The time in which an agent must start and read its job, of which a pipe holds only a part."""
STATUS_WITHIN_S = 1.0
# Nothing of the site: it may have modules with the names of those that an agent imports.
AGENTS_PATH = python_path(
    map(
        str,
        (
            Path(__file__).parents[2],
            Path(httptools.__file__).parents[1],
            Path(msgspec.__file__).parents[1],
        ),
    )
)


def start_agent(name: str, log: Path, watch: tuple[int, ...] = ()) -> GuardedProcess:
    """Start an agent under a guard, which also raises its limit of file descriptors.

    ``watch`` are the processes that it must not outlive, besides this one.
    """
    return GuardedProcess(
        [sys.executable, "-P", "-m", "pytest_djworkers.load.agent"],
        log=log,
        environment=child_environment(PYTHONPATH=AGENTS_PATH),
        watch=watch,
        talks=True,
        name=name,
    )


class AgentProcess:
    """One agent and its pipes. Whatever fails ends it, and is a GeneratorError with its log."""

    clock = SAME_CLOCK
    # Its end shows: a pipe to a process of this machine can't be cut.
    silent_after = None

    def __init__(self, target: Target, number: int, *, of: int) -> None:
        self.name = f"load agent {number} of {of}"
        self._lines = Lines()
        self._log = target.folder / f"agent-{number}.log"
        self._process = start_agent(self.name, self._log, target.watch)

    def say(self, message: AgentJob | StartSignal) -> None:
        """Give it a message. Raises GeneratorError if it doesn't read it in time."""
        data = to_line(message)
        try:
            was_read = written_within(self._process.input.fileno(), data, JOB_READ_WITHIN_S)
        except OSError:
            raise self._ended("before it could be given its job") from None
        # It may have started and be stopped: a full pipe would block us for good.
        if not was_read:
            raise self._failed(f"did not read its job within {JOB_READ_WITHIN_S:g}s")

    def read(self, when: str) -> list[dict[str, Any]]:
        """Return the messages that are complete by now; wait if there is nothing to read.

        ``when`` says what it does meanwhile. Raises GeneratorError if it has ended.
        """
        # Not readline, which would wait for the rest of a line beyond any deadline.
        data = os.read(self.fileno(), 1 << 20)
        if not data:
            raise self._ended(when)
        return self._lines.add(data)

    def fileno(self) -> int:
        """Return the descriptor of its standard output."""
        return self._process.output.fileno()

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def too_late(self, within_s: float) -> GeneratorError:
        """End it, and return the error that it said nothing for so many seconds."""
        return self._failed(f"did not respond within {within_s:g}s")

    def _ended(self, when: str) -> GeneratorError:
        status = self._process.wait(STATUS_WITHIN_S)
        how = "" if status is None else f" (exit status {status})"
        return self._failed(f"ended {when}{how}")

    def _failed(self, what: str) -> GeneratorError:
        self._process.stop()
        return GeneratorError(f"{self.name} {what}{tail(self._log)}")
