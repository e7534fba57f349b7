"""Marks in the environment of what a run starts, by which it is found when its guard is gone.

A mark names the process that runs the tests: its id, when it began, and the namespace of process
ids that it is in. So nothing is ended by its name, and nothing whose run lives. Linux, as far as
it is found by its mark.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

from pytest_djworkers.printable import in_one_line
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.shared_name import shared_name

KEY = "DJWORKERS_MARK"
_FORM = re.compile(r"(?P<name>[\w-]+) (?P<space>\d+) (?P<pid>\d+) (?P<began>\d+) (?P<number>\d+)")
_GONE_WITHIN_S = 2.0
_BY_ITSELF_WITHIN_S = 1.0
"""So long has the guard of a run that has just ended."""
_LOOK_EVERY_S = 0.02
_SHOWN = 60
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Mark:
    """One command that a run has started under a guard."""

    name: str
    """The name that all runs share."""
    space: int
    """The namespace of process ids."""
    pid: int
    """The process that runs the tests."""
    began: int
    """When that began, in ticks since the machine did."""
    number: int
    """Of the command, among those of that process."""

    @classmethod
    def new(cls) -> Self:
        """Of the next command of this process."""
        pid = os.getpid()
        return cls(shared_name(), _space(), pid, _began(pid) or 0, next(_NUMBERS))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The inverse of ``str``; None for anything else."""
        if (found := _FORM.fullmatch(text)) is None:
            return None
        name, *numbers = found.groups()
        return cls(name, *map(int, numbers))

    def __str__(self) -> str:
        return f"{self.name} {self.space} {self.pid} {self.began} {self.number}"

    @property
    def is_orphaned(self) -> bool:
        """Whether its run can be looked up from here, and is gone."""
        is_here = self.name == shared_name() and self.space == _space()
        return is_here and _began(self.pid) != self.began


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that was ended, and whose it was."""

    pid: int
    mark: Mark
    command: str


def end_orphans() -> list[Ended]:
    """End what runs of this user have left behind that are gone, once their guards have had the
    time to do it."""
    deadline = CLOCK.monotonic() + _BY_ITSELF_WITHIN_S
    while any(mark.is_orphaned for _, mark in _marked()):
        if CLOCK.monotonic() > deadline:
            return kill_marked(lambda mark: mark.is_orphaned)
        CLOCK.sleep(_LOOK_EVERY_S)
    return []


def kill_marked(is_meant: Callable[[Mark], bool]) -> list[Ended]:
    """Kill this user's processes with such a mark, until there is none; which they were."""
    ended: dict[int, Ended] = {}
    deadline = CLOCK.monotonic() + _GONE_WITHIN_S
    while found := [(pid, mark) for pid, mark in _marked() if is_meant(mark)]:
        for pid, mark in found:
            command = _command(pid)
            if _killed(pid, mark):
                ended[pid] = Ended(pid, mark, command)
        if CLOCK.monotonic() > deadline:
            break
        CLOCK.sleep(_LOOK_EVERY_S)
    return list(ended.values())


def describe_ended(ended: list[Ended]) -> str:
    """What was ended, for the user."""
    runs = sorted({one.mark.pid for one in ended})
    whose = f"process {runs[0]}" if len(runs) == 1 else f"processes {', '.join(map(str, runs))}"
    what = "; ".join(f"{one.pid} {one.command}".rstrip() for one in ended)
    return f"ended what a killed run ({whose}) had left behind: {what}"


def _marked() -> Iterator[tuple[int, Mark]]:
    """The marked processes of this user but for this one; not those that are gone already."""
    user, this = os.geteuid(), os.getpid()
    folders: list[Path] = []
    # No /proc, or no descriptor left to read it: what is found so is no more than what is left.
    with suppress(OSError):
        folders = list(Path("/proc").iterdir())
    for folder in folders:
        if not folder.name.isdecimal() or (pid := int(folder.name)) == this:
            continue
        with suppress(OSError):
            if folder.stat().st_uid == user and (mark := _mark_of(pid)):
                yield pid, mark


def _mark_of(pid: int) -> Mark | None:
    with suppress(OSError):
        for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            key, _, value = variable.partition(b"=")
            if key == KEY.encode():
                return Mark.read(value.decode(errors="replace"))
    return None


def _killed(pid: int, mark: Mark) -> bool:
    """Kill a process that still has this mark, and not another that has got its id since."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if _mark_of(pid) != mark:
            return False
        with suppress(OSError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            return True
        return False
    finally:
        os.close(descriptor)


def _began(pid: int) -> int | None:
    """When a process began, in ticks since the machine did; None where it is gone."""
    with suppress(OSError):
        # The command name, in parentheses, may hold anything.
        said = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if said[0] in {b"Z", b"X"} else int(said[19])
    return None


def _space() -> int:
    with suppress(OSError):
        return Path("/proc/self/ns/pid").stat().st_ino
    return 0


def _command(pid: int) -> str:
    with suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        return in_one_line(line[:_SHOWN].decode(errors="replace"))
    return ""
