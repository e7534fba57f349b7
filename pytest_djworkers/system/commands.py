"""Other programs, run to their end, or for so long: by our own clock.

``subprocess`` waits by a clock that tests stop: a program that hangs would be waited for without
end, and one that doesn't would be given up at once where each look at the clock moves it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from pytest_djworkers.system.waits import ends_within


def run(
    command: Sequence[str],
    *,
    within_s: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program, without input; what it says, and its status.

    Raises OSError where it can't be started, and TimeoutError where it does not end in time.
    """
    # Not pipes: what it leaves running may keep them open.
    with TemporaryFile() as output, TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=cwd, env=env
        )
        try:
            if not ends_within(process, within_s):
                raise TimeoutError(f"{command[0]} did not end within {within_s:g}s")
        finally:
            process.kill()
            process.wait()
        texts = []
        for stream in (output, errors):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return subprocess.CompletedProcess(command, process.returncode, *texts)
