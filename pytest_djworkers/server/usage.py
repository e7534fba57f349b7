"""Records from outside what a server uses while a burst runs, a few times a second."""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pytest_djworkers.load.facts import Usage
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.cpu_time import CpuSnapshot, CpuTime, cpu_time_between
from pytest_djworkers.system.log import read_since, size_of
from pytest_djworkers.system.session_members import guard_used, read_each, waited_cpu_s
from pytest_djworkers.system.standard_library import load_psutil

if TYPE_CHECKING:
    import psutil

_LOOK_EVERY_S = 0.25
"""Often enough to see a peak of memory; a look takes some milliseconds of the machine's time."""
_JOIN_WITHIN_S = 5.0
"""The limit on waiting for the last look, should the machine hang."""
# Levels as logging and other servers write them, Django's line for a request that failed, and the
# beginning of a traceback. A line counts once, whatever is in it.
_ERROR_LINE = re.compile(
    rb"^.*(?:\b(?:ERROR|CRITICAL)\b|\[error\]|Internal Server Error|^Traceback \().*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Look:
    """The resources that the processes had used together at one moment."""

    at: float
    """The moment, in Unix time."""
    cpu_s: float
    memory_bytes: int


class UsageWatch:
    """Looks at the processes of a session from ``__enter__`` to ``__exit__``, in a thread.

    ``workers`` are the ids of the processes that serve.
    """

    def __init__(self, session: int, workers: frozenset[int], log: Path) -> None:
        self._session = session
        self._workers = workers
        self._log = log
        self._log_began = size_of(log)
        self._processes: dict[int, psutil.Process] = {}
        self._used: CpuSnapshot = {}
        """The CPU times at the last look."""
        self._guard: CpuSnapshot = {}
        """The CPU time of orphans of the session, which the guard waits for."""
        self._cpu_s = 0.0
        """The CPU seconds used from the first look to the last."""
        self._looks: list[Look] = []
        self._first: frozenset[int] = frozenset()
        self._last: frozenset[int] = frozenset()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="djworkers usage", daemon=True)

    def __enter__(self) -> Self:
        self._first = self._look()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join(_JOIN_WITHIN_S)
        self._last = self._look()

    def usage(self, begin: float, end: float) -> Usage:
        """Return what was used between two moments, in Unix time."""
        log, log_is_whole = read_since(self._log, self._log_began)
        return Usage(
            cpu_s=cpu_between(self._looks, begin, end),
            memory_bytes=max(look.memory_bytes for look in self._looks),
            workers=len(self._workers),
            workers_alive=len(self._workers & self._last),
            processes_started=len(self._last - self._first),
            log_errors=errors_in(log),
            log_is_whole=log_is_whole,
            unwatched_s=longest_between(self._looks, begin, end),
        )

    def _watch(self) -> None:
        while not self._is_over.wait(_LOOK_EVERY_S):
            self._look()

    def _look(self) -> frozenset[int]:
        found = read_each(self._session, self._read)
        used = {pid: used for pid, (used, _) in found.items()}
        # The last known time of a guard that is gone: without it, its orphans' time would be
        # subtracted from the rest.
        self._guard = guard_used(self._session) or self._guard
        used.update(self._guard)
        self._cpu_s += cpu_time_between(self._used, used)
        self._used = used
        memory_bytes = sum(memory_bytes for _, memory_bytes in found.values())
        self._looks.append(Look(CLOCK.unix(), self._cpu_s, memory_bytes))
        return frozenset(found)

    def _read(self, pid: int) -> tuple[CpuTime, int]:
        """Return the CPU time that a process has used, and the bytes of memory that it holds."""
        psutil = load_psutil()

        # Making a psutil.Process reads the process's start time each time: make it once.
        process = self._processes.get(pid) or psutil.Process(pid)
        self._processes[pid] = process
        times = process.cpu_times()
        return CpuTime(times.user + times.system, waited_cpu_s(times)), process.memory_info().rss


def cpu_between(looks: Sequence[Look], begin: float, end: float) -> float:
    """Return the CPU seconds used between two moments, as if used evenly from look to look."""
    return max(0.0, _cpu_at(looks, end) - _cpu_at(looks, begin))


def longest_between(looks: Sequence[Look], begin: float, end: float) -> float:
    """Return the longest time in seconds between two looks, of those between two moments."""
    between = (
        after.at - before.at
        for before, after in pairwise(looks)
        if before.at < end and after.at > begin
    )
    return max(between, default=0.0)


def _cpu_at(looks: Sequence[Look], moment: float) -> float:
    # Linear between two looks; constant before the first and after the last.
    after = bisect_right(looks, moment, key=lambda look: look.at)
    if after == 0:
        return looks[0].cpu_s
    if after == len(looks):
        return looks[-1].cpu_s
    earlier, later = looks[after - 1], looks[after]
    share = (moment - earlier.at) / (later.at - earlier.at)
    return earlier.cpu_s + (later.cpu_s - earlier.cpu_s) * share


def errors_in(log: bytes) -> int:
    """Return the number of lines of a log that report an error."""
    return len(_ERROR_LINE.findall(log))
