"""Tells people who wait for the machine which process holds it. Nothing is decided by it."""

# Linux shows names in the abstract namespace of sockets to all users in /proc/net/unix. A holder
# announces itself by binding one more socket to a name that has the announcement in it: no file is
# needed, and it ends with its process.

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
"""The bytes of an abstract address (108, unix(7)), without the first, which is 0."""
_SHOWN = 100
"""The longest text from elsewhere that is shown, in characters."""
_UNSEEN = 0
"""The process id that the kernel gives for a process in another namespace of process ids."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement to all users of the machine: since when this process holds it, and in which
    folder it runs."""

    _socket: socket.socket

    @classmethod
    def make(cls, name: str) -> Announcement:
        """Announce it. If that can't be done, there is no announcement."""
        said = UnpatchedSocket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with suppress(OSError):
            text = f"{name} held {os.getpid()} {int(CLOCK.monotonic())} "
            folder = plain(str(Path.cwd())).encode("ascii", "replace").decode()
            # The end of a long path says more than its beginning.
            text += folder[-(_LONGEST_NAME - len(text)) :]
            said.bind(b"\0" + text.encode())
        return cls(said)

    def end(self) -> None:
        """Withdraw the announcement."""
        self._socket.close()


def describe_holder(name: str, places: QueuePlaces, place: int = 0) -> str:
    """Return words for the process that holds the machine, and since when, as far as known.

    If nobody has the first place at this moment, it is the process that has ``place``. No control
    character gets into the text, whatever the holder calls itself.
    """
    owner = places.owner(0) or places.owner(place)
    if owner is None:
        return "an unknown process"
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
    """Return a text on one line, shortened if it is long, and without control characters."""
    shown = in_one_line(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _announced(name: str, pid: int) -> tuple[int | None, str]:
    """Return when the process began to hold the machine, in seconds of the monotonic clock, and its
    folder, as it has announced them."""
    pattern = rf" @{re.escape(name)} held {pid} (?P<since>\d{{1,12}}) ?(?P<folder>.*)$"
    with suppress(OSError):
        names = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace")
        if found := re.search(pattern, names, re.MULTILINE):
            return int(found["since"]), plain(found["folder"])
    return None, ""


def _current_folder(pid: int) -> str:
    """Return the current folder of a process; empty for another user's, which may not be read."""
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
