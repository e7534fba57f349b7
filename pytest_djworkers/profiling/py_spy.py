"""Samples the stacks of a server's workers from outside, with py-spy."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.profiling.stacks import Stack, StackSamples, collapsed_stacks
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.environment import child_environment
from pytest_djworkers.system.process import GuardedProcess

RATE_HZ = 100
"""The number of samples per second and process: more would slow the server down by more."""
MOST_PROCESSES = 4
"""The number of workers that are sampled: each needs two processes that take CPU time."""
NOT_INSTALLED = "py-spy is not installed: pip install 'pytest-djworkers[profile]'"
_ATTACHED_WITHIN_S = 10.0
_WRITTEN_WITHIN_S = 10.0
_LOOK_AGAIN_AFTER_S = 0.01
_ATTACHED = "Sampling process"
_REFUSED = ("Permission denied", "Permission Denied", "Operation not permitted")
_WHY_REFUSED = (
    "py-spy may not attach to the server: the system forbids it (a container without SYS_PTRACE, a"
    " server that runs as another user, or one that has made itself undumpable)"
)


class SamplerError(Exception):
    """Nothing can be sampled; the message says why in a line."""


def find_py_spy() -> str | None:
    """Return the path of py-spy's program; None if it is not installed."""
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.is_file() else shutil.which("py-spy")


@dataclass(frozen=True, slots=True)
class _Recorder:
    """A process that samples one worker."""

    process: GuardedProcess
    file: Path
    """The file that it writes."""
    of_holder: bool
    """True if it samples the thread that holds the GIL, and no other."""


class StackRecording:
    """A recording of stacks that is under way; ``finish`` ends it."""

    def __init__(self, recorders: Sequence[_Recorder]) -> None:
        self._recorders = recorders

    def finish(self) -> StackSamples:
        """End the recording, and return the samples. Raises SamplerError if it has failed."""
        for one in self._recorders:
            if one.process.pid is not None:
                with suppress(OSError):
                    os.kill(one.process.pid, signal.SIGINT)
        active: Counter[Stack] = Counter()
        holding: Counter[Stack] = Counter()
        for one in self._recorders:
            one.process.wait(_WRITTEN_WITHIN_S)
            try:
                text = one.file.read_text(encoding="utf-8", errors="replace")
            except OSError:
                said = _said(_log_of(one.file))
                raise SamplerError(f"py-spy wrote nothing{said}") from None
            found = holding if one.of_holder else active
            for stack, count in collapsed_stacks(text):
                found[stack] += count
        return StackSamples(active, holding)


@contextmanager
def recording(pids: Sequence[int], folder: Path) -> Iterator[StackRecording]:
    """Record the stacks of these processes while the context is entered.

    It is entered when all of them are being sampled; ``finish`` must be called before it is left.
    Raises SamplerError if py-spy is not installed, or can't attach.
    """
    program = find_py_spy()
    if program is None:
        raise SamplerError(NOT_INSTALLED)
    with ExitStack() as stack:
        recorders = []
        for pid in sorted(pids)[:MOST_PROCESSES]:
            for of_holder in (False, True):
                kind = "holding" if of_holder else "active"
                file = folder / f"stacks-{pid}-{kind}.txt"
                process = _record(program, pid, file, ["--gil"] if of_holder else [])
                stack.callback(process.stop)
                recorders.append(_Recorder(process, file, of_holder))
        deadline = CLOCK.monotonic() + _ATTACHED_WITHIN_S
        for one in recorders:
            _wait_until_attached(one.process, _log_of(one.file), deadline)
        yield StackRecording(recorders)


def _record(program: str, pid: int, file: Path, extra: Sequence[str]) -> GuardedProcess:
    for old in (file, _log_of(file)):
        old.unlink(missing_ok=True)
    # To pause a process, py-spy stops its threads one by one, and the one that computes goes on
    # until its turn: of a view's CPU time in a server with 20 threads, it then saw a seventh.
    arguments = ("--nonblocking", "--format", "raw", "--full-filenames", "--rate", str(RATE_HZ))
    return GuardedProcess(
        [program, "record", "--pid", str(pid), *arguments, *extra, "--output", str(file)],
        log=_log_of(file),
        environment=child_environment(RUST_BACKTRACE="0"),
        name="py-spy",
    )


def _log_of(file: Path) -> Path:
    return file.with_suffix(".log")


def _wait_until_attached(process: GuardedProcess, log: Path, deadline: float) -> None:
    while _ATTACHED not in _text_of(log):
        if process.status is not None:
            raise SamplerError(_why(log))
        if CLOCK.monotonic() > deadline:
            raise SamplerError(f"py-spy did not attach to the server in time{_said(log)}")
        CLOCK.sleep(_LOOK_AGAIN_AFTER_S)


def _why(log: Path) -> str:
    if any(one in _text_of(log) for one in _REFUSED):
        return _WHY_REFUSED
    return f"py-spy can't read the server's stacks{_said(log)}"


def _said(log: Path) -> str:
    """Return the lines in which py-spy says what is wrong, behind a colon; empty if there are none.

    It is an error and its causes, a line each.
    """
    lines = [one.strip() for one in _text_of(log).splitlines()]
    told = [one for one in lines if one and one != "Caused by:" and not one.startswith("py-spy>")]
    return f": {'; '.join(dict.fromkeys(told))[:300]}" if told else ""


def _text_of(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
