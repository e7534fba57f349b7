"""Starts a command under a guard, and stops it.

The guard (``guard.py``) is a small process between this one and the command. It ends the command,
and everything that the command started, when this process ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.deadlines import ends_within
from pytest_djworkers.system.guard import guard_command
from pytest_djworkers.system.orphaned_processes import KEY, Mark, kill_marked
from pytest_djworkers.system.os_errors import explain_os_errors
from pytest_djworkers.system.session_members import session_members
from pytest_djworkers.system.unpatched_sockets import unpatched_pair

_STOP_WITHIN_S = 5.0
_KILLED_WITHIN_S = 5.0
"""A killed process takes longer only if it hangs in the kernel, and then nothing can be done."""


class GuardedProcess:
    """A command that ends when this process does, with everything that it started.

    ``talks`` gives it pipes, ``input`` and ``output``, as its standard input and output; otherwise
    its standard output goes to the log, as its standard error always does. ``watch`` are ids of
    more processes whose end is the command's end. ``folder`` is its current folder (None: this
    process's own), and ``name`` its name in error messages. Raises ResourceError if the system
    can't start it.
    """

    def __init__(
        self,
        command: list[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        watch: tuple[int, ...] = (),
        talks: bool = False,
        folder: Path | None = None,
        name: str | None = None,
    ) -> None:
        self._ended: dict[str, float] | None = None
        self._unread = b""
        self._pid: int | None = None
        self._mark = Mark.new()
        with (
            explain_os_errors(f"{name or Path(command[0]).name} can't be started", log.parent),
            log.open("ab") as log_file,
        ):
            self._channel, theirs = unpatched_pair()
            try:
                with theirs:
                    watch = (os.getpid(), *watch)
                    self._guard = subprocess.Popen(
                        guard_command(command, socket_fd=theirs.fileno(), watch=watch),
                        stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                        stdout=subprocess.PIPE if talks else log_file,
                        stderr=log_file,
                        env={**environment, KEY: str(self._mark)},
                        pass_fds=[theirs.fileno()],
                        start_new_session=True,
                        cwd=folder,
                    )
            except BaseException:
                # Interrupted, it may run already, and nobody will be able to stop it.
                self._channel.close()
                raise
        self._channel.setblocking(False)

    @property
    def input(self) -> IO[bytes]:
        """The command's standard input."""
        assert self._guard.stdin is not None
        return self._guard.stdin

    @property
    def output(self) -> IO[bytes]:
        """The command's standard output."""
        assert self._guard.stdout is not None
        return self._guard.stdout

    @property
    def channel(self) -> socket.socket:
        """A socket that is readable when the guard reports that the command has ended."""
        return self._channel

    @property
    def pid(self) -> int | None:
        """The command's process id, which is also the id of its session; None before it started."""
        self._listen()
        return self._pid

    @property
    def status(self) -> int | None:
        """The command's exit status, negative if a signal ended it; None while it runs."""
        self._listen()
        return None if self._ended is None else int(self._ended["status"])

    @property
    def cpu_s(self) -> float:
        """The CPU seconds that the command used; 0 while it runs."""
        self._listen()
        return 0.0 if self._ended is None else self._ended["cpu_s"]

    def wait(self, within_s: float) -> int | None:
        """Wait for the command to end, and return its exit status; None if it doesn't in time."""
        deadline = CLOCK.monotonic() + within_s
        while (status := self.status) is None and (left := deadline - CLOCK.monotonic()) > 0:
            select.select([self._channel], [], [], left)
        return status

    def stop(self) -> None:
        """Kill the command and everything that it started, at once.

        A server under load has nothing to finish that would be worth waiting for.
        """
        if self._channel.fileno() < 0:
            return
        self._listen()
        # The guard takes the closed channel for the sign to kill all and end.
        for close in self._closers():
            with suppress(OSError):
                close()
        if not ends_within(self._guard, _STOP_WITHIN_S):
            # The guard may be stopped (SIGSTOP). SIGKILL reaches it all the same.
            self._guard.kill()
            ends_within(self._guard, _KILLED_WITHIN_S)
        if self._guard.returncode != 0:
            self._end_what_is_left()

    def _end_what_is_left(self) -> None:
        """Kill the processes that the guard has not killed."""
        # A guard that was killed itself leaves processes behind: in the command's session, or
        # outside of it, if they have left the session. Those are known by their mark.
        for pid in () if self._pid is None else session_members(self._pid):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        kill_marked(lambda mark: mark == self._mark)

    def _closers(self) -> list[Callable[[], None]]:
        streams = (self._guard.stdin, self._guard.stdout)
        return [self._channel.close, *(stream.close for stream in streams if stream)]

    def _listen(self) -> None:
        if self._channel.fileno() < 0 or self._ended is not None:
            return
        # This order matters: if the guard is gone now, all that it ever wrote can be read below.
        gone = self._guard.poll()
        with suppress(OSError):
            while data := self._channel.recv(4096):
                self._unread += data
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "pid" in said:
                self._pid = said["pid"]
            else:
                self._ended = said
        if self._ended is None and gone is not None:
            # The guard is gone without a report: somebody killed it.
            self._ended = {"status": gone, "cpu_s": 0.0}
