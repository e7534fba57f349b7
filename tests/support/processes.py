"""Looking at processes: who lives, and waiting until it is so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).parents[2]
_LOOK_EVERY_S = 0.01


def until(condition: Callable[[], object], within_s: float = 15.0) -> float:
    """Wait until something holds; how long that took, in seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within_s, f"not within {within_s}s"
        time.sleep(_LOOK_EVERY_S)
    return time.monotonic() - began


def lives(pid: int) -> bool:
    """Return whether a process runs. A zombie doesn't: it only waits to be collected."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def all_gone(pids: Iterable[int]) -> bool:
    """Return whether none of the processes runs any more."""
    return not any(map(lives, pids))


def mentioning(folder: Path) -> list[int]:
    """The live processes with a folder in their command line or environment."""
    wanted = bytes(folder)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if wanted in said and lives(int(process.name)):
            found.append(int(process.name))
    return found
