"""Runs other programs to their end, with a time limit."""

# Not with ``subprocess.run``, which waits by a clock that tests can stop: it would wait without end
# for a program that hangs. And if each look at the clock moves it, as some tests have it, a program
# that doesn't hang would be given up at once.

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from pytest_djworkers.system.deadlines import ends_within

_KILLED_WITHIN_S = 5.0


def run_command(
    command: Sequence[str],
    *,
    within_s: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    kills_group: bool = False,
    errors: str = "replace",
) -> subprocess.CompletedProcess[str]:
    """Run a program without input, and return its exit status and its output.

    With ``kills_group`` it runs in a session of its own, and the processes that it leaves behind
    are killed when it has ended. ``errors`` says how output is decoded, as for ``bytes.decode``.
    Raises OSError if the program can't be started, and TimeoutError if it doesn't end in time.
    """
    # Files instead of pipes: a process that the program leaves behind may keep a pipe open, and
    # reading to the end of the output would then wait for that process.
    with TemporaryFile() as output, TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
            cwd=cwd,
            env=env,
            start_new_session=kills_group,
        )
        try:
            if not ends_within(process, within_s):
                raise TimeoutError(f"{command[0]} did not end within {within_s:g}s")
        finally:
            if kills_group:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            # Not without end: a process in an uninterruptible system call can't be killed.
            ends_within(process, _KILLED_WITHIN_S)
        texts = []
        for stream in (output, complaints):
            stream.seek(0)
            texts.append(stream.read().decode(errors=errors))
    return subprocess.CompletedProcess(command, process.returncode, *texts)
