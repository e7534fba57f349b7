"""The processes of a session, and what they have used of the CPU."""

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
    """The processes of a session, those that only wait to be collected too."""
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
    """What is read of each process of a session, at a moment when none of them began or ended: the
    time of one that ends in between would count twice, or not at all."""
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
    """What the processes of a session have used: by themselves to the microsecond, those that they
    waited for in ticks of 10 ms. None where the system can't tell as finely as that (Linux can: a
    process's CPU clock, clock_getcpuclockid(3))."""
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
    """What the guard of a session has waited for: the orphans of it. Its own time is none of the
    session's."""
    psutil = load_psutil()

    try:
        guard = psutil.Process(session).ppid()
        return {guard: CpuTime(0.0, waited_cpu_s(psutil.Process(guard).cpu_times()))}
    except psutil.Error:
        return {}


def waited_cpu_s(times: Any) -> float:
    """Return the CPU seconds of the children that a process has waited for."""
    return float(getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0))
