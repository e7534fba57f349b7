"""The processes of a session (setsid(2)), and the CPU time that they have used."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.cpu_time import CpuSnapshot, CpuTime
from pytest_djworkers.system.standard_library import load_psutil

_Read = TypeVar("_Read")

_TRIES = 3


def session_members(session: int) -> frozenset[int]:
    """Return the process ids of a session, also of processes that have ended (zombies)."""
    psutil = load_psutil()

    members = set()
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == session:
                members.add(pid)
        except OSError:
            continue
    return frozenset(members)


def read_each(session: int, read: Callable[[int], _Read]) -> dict[int, _Read]:
    """Call a function for each process of a session, and return the results by process id.

    Tries again if a process began or ended meanwhile: the time of one that ended would count
    twice, or not at all. After three attempts the last one counts.
    """
    psutil = load_psutil()

    found: dict[int, _Read] = {}
    for _ in range(_TRIES):
        found, pids = {}, session_members(session)
        for pid in pids:
            with suppress(psutil.Error):
                found[pid] = read(pid)
        if found.keys() == pids == session_members(session):
            break
    return found


def cpu_used(session: int) -> CpuSnapshot | None:
    """Return the CPU time of the processes of a session; None if the system can't tell it finely.

    A process's own time is exact to the microsecond, that of children that it waited for to a
    tick of the kernel (10 ms).
    """
    try:
        return {**read_each(session, _finely_used), **guard_used(session)}
    except OSError:
        return None


def _finely_used(pid: int) -> CpuTime:
    psutil = load_psutil()

    times = psutil.Process(pid).cpu_times()
    try:
        return CpuTime(CLOCK.cpu_of_process(pid), waited_cpu_s(times))
    except OSError:
        if psutil.pid_exists(pid):
            raise
        raise psutil.NoSuchProcess(pid) from None


def guard_used(session: int) -> CpuSnapshot:
    """Return the CPU time of the session's orphans that the session's guard has waited for.

    The guard's own time is not the session's, and counts as 0.
    """
    psutil = load_psutil()

    try:
        guard = psutil.Process(session).ppid()
        return {guard: CpuTime(0.0, waited_cpu_s(psutil.Process(guard).cpu_times()))}
    except psutil.Error:
        return {}


def waited_cpu_s(times: Any) -> float:
    """Return the CPU seconds of the children that a process has waited for."""
    return float(getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0))
