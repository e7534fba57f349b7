"""Who has the machine: for people who wait for it. Nothing is decided by what is said here."""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.printable import in_one_line
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.lock_queue import QueuePlaces
from pytest_djworkers.system.standard_library import standard_module
from pytest_djworkers.system.unpatched_sockets import UnpatchedSocket

_LONGEST_NAME = 107
"""Bytes of an abstract address, but for its first."""
_SHOWN = 100
_UNSEEN = 0


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a holder says of itself to all users: since when it holds the machine, and where it
    runs. It is the name of one more socket, so it ends with its process."""

    _socket: socket.socket

    @classmethod
    def make(cls, name: str) -> Announcement:
        """Say it. Where that can't be done, nothing is said."""
        said = UnpatchedSocket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with suppress(OSError):
            text = f"{name} held {os.getpid()} {int(CLOCK.monotonic())} "
            folder = plain(str(Path.cwd())).encode("ascii", "replace").decode()
            # Of a long path the end says more.
            text += folder[-(_LONGEST_NAME - len(text)) :]
            said.bind(b"\0" + text.encode())
        return cls(said)

    def end(self) -> None:
        """Take it back."""
        self._socket.close()


def describe_holder(name: str, places: QueuePlaces, place: int = 0) -> str:
    """Who holds the machine, and since when, as far as that is known: words without a control
    character, whatever the holder calls itself. Where nobody has it, who has that place before
    it."""
    owner = places.owner(0) or places.owner(place)
    if owner is None:
        return "a process that does not say who it is"
    pid, uid = owner
    if pid == _UNSEEN:
        return f"a process of {_user(uid)} in another container"
    since, folder = _announced(name, pid)
    folder = _current_folder(pid) or folder
    about = [text for text in (_command(pid), folder and f"in {folder}") if text]
    said = f"process {pid} of {_user(uid)}"
    if about:
        said += f" ({', '.join(about)})"
    return said if since is None else f"{said}, for {max(0, int(CLOCK.monotonic()) - since)}s"


def plain(text: str) -> str:
    """A text on one line, cut where it is long, without what a terminal would obey."""
    shown = in_one_line(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _announced(name: str, pid: int) -> tuple[int | None, str]:
    """Since when in seconds of the monotonic clock, and where."""
    pattern = rf" @{re.escape(name)} held {pid} (?P<since>\d{{1,12}}) ?(?P<folder>.*)$"
    with suppress(OSError):
        names = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace")
        if found := re.search(pattern, names, re.MULTILINE):
            return int(found["since"]), plain(found["folder"])
    return None, ""


def _current_folder(pid: int) -> str:
    """Where a process is, which only its own user may look up."""
    with suppress(OSError):
        return plain(str(Path(f"/proc/{pid}/cwd").readlink()))
    return ""


def _command(pid: int) -> str:
    with suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return plain(line.rstrip("\0").replace("\0", " "))
    return ""


def _user(uid: int) -> str:
    pwd = standard_module("pwd")

    with suppress(KeyError):
        return plain(pwd.getpwuid(uid).pw_name)
    return f"user {uid}"
