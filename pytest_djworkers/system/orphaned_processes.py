"""Finds and ends processes that a killed run has left behind, when their guard is gone too.

Each command that a run starts has a mark: a variable in its environment, which all processes below
it inherit. A mark names the process that runs the tests, so that only processes of runs that are
gone are ended. Only Linux lets others read a process's environment.
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
"""The seconds that a guard has to clean up after a run that has just ended."""
_LOOK_EVERY_S = 0.02
_SHOWN = 60
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of one command that a run has started under a guard."""

    name: str
    """The name that all runs share; tests of this package have others."""
    space: int
    """The namespace of process ids that the run is in, as the inode of ``/proc/self/ns/pid``."""
    pid: int
    """The id of the process that runs the tests."""
    began: int
    """The time at which that process began, in clock ticks since the machine was started. It tells
    the process from a later one that has got the same id."""
    number: int
    """The number of the command among those of the run."""

    @classmethod
    def new(cls) -> Self:
        """Return a mark for the next command of this process."""
        pid = os.getpid()
        return cls(shared_name(), _space(), pid, _began(pid) or 0, next(_NUMBERS))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the mark that ``str`` gave this text for; None for any other text."""
        if (found := _FORM.fullmatch(text)) is None:
            return None
        name, *numbers = found.groups()
        return cls(name, *map(int, numbers))

    def __str__(self) -> str:
        return f"{self.name} {self.space} {self.pid} {self.began} {self.number}"

    @property
    def is_orphaned(self) -> bool:
        """True if its run is gone. False as well if its processes can't be seen from here."""
        is_here = self.name == shared_name() and self.space == _space()
        return is_here and _began(self.pid) != self.began


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that was ended, with its mark and command line."""

    pid: int
    mark: Mark
    command: str


def end_orphans() -> list[Ended]:
    """End processes that runs of this user have left behind, and return them.

    Takes up to 3 seconds if there are any.
    """
    # A run may have ended just now, with its guard still at work: it is given a second.
    deadline = CLOCK.monotonic() + _BY_ITSELF_WITHIN_S
    while any(mark.is_orphaned for _, mark in _marked()):
        if CLOCK.monotonic() > deadline:
            return kill_marked(lambda mark: mark.is_orphaned)
        CLOCK.sleep(_LOOK_EVERY_S)
    return []


def kill_marked(is_meant: Callable[[Mark], bool]) -> list[Ended]:
    """Kill this user's processes with such a mark until there are none, and return them.

    Gives up after 2 seconds.
    """
    # In rounds: a process may start another one between the listing and its end.
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
    """Return a message for the user that says which processes were ended."""
    runs = sorted({one.mark.pid for one in ended})
    whose = f"process {runs[0]}" if len(runs) == 1 else f"processes {', '.join(map(str, runs))}"
    what = "; ".join(f"{one.pid} {one.command}".rstrip() for one in ended)
    return f"ended processes that a killed run ({whose}) had left behind: {what}"


def _marked() -> Iterator[tuple[int, Mark]]:
    """Yield the processes of this user that have a mark, without this one."""
    user, this = os.geteuid(), os.getpid()
    folders: list[Path] = []
    # Without /proc, or without a free descriptor to read it, nothing is found. That is no error:
    # this is an extra precaution.
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
    """Kill a process if it still has this mark; return True if it was killed."""
    # The descriptor stands for the process. Another one that gets the same id after the mark has
    # been read is not hit.
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
    """Return the time at which a process began, in clock ticks since the machine was started; None
    if it is gone."""
    with suppress(OSError):
        # proc_pid_stat(5): the second field, the command name in parentheses, may hold anything, so
        # the fields are those after the last parenthesis. The third is the state, of which Z and X
        # are dead processes; the 22nd is the time of the start.
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
