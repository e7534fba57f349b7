"""The bytes between this process and a gateway's other side, as execnet reads and writes them."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Self

from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.deadlines import written_within
from pytest_djworkers.system.process import GuardedProcess

if TYPE_CHECKING:
    from execnet.gateway_base import ExecModel

_WRITTEN_WITHIN_S = 30.0
_STATUS_WITHIN_S = 1.0


class LinkEnded(Exception):
    """The other side has closed the link, or is gone, before the gateway was open."""


class Link:
    """execnet's ``IO`` over two descriptors, which it closes.

    execnet waits without end. This waits for the other side until ``deadline``, a monotonic time,
    while a gateway is opened; its reading thread waits longer, until ``end`` was called.
    """

    def __init__(
        self,
        reading: int,
        writing: int,
        *,
        end: Callable[[], None],
        status: Callable[[], int | None],
        execmodel: ExecModel,
    ) -> None:
        self.execmodel = execmodel
        self.deadline: float | None = None
        self._reading = reading
        self._writing: int | None = writing
        self._end = end
        self._status = status
        # The reading thread writes, too, and each message must stay whole.
        self._lock = Lock()

    @classmethod
    def to_process(cls, process: GuardedProcess, execmodel: ExecModel) -> Self:
        """Return the link to a process that talks."""
        # Copies: the process closes its own when it is stopped, and another file might get their
        # numbers while execnet's thread still reads.
        reading, writing = (os.dup(one.fileno()) for one in (process.output, process.input))
        process.input.close()
        return cls(
            reading,
            writing,
            end=process.stop,
            status=lambda: process.wait(_STATUS_WITHIN_S),
            execmodel=execmodel,
        )

    @classmethod
    def to_socket(cls, connection: socket.socket, execmodel: ExecModel) -> Self:
        """Return the link over a socket that is connected."""
        connection.setblocking(True)
        reading, writing = (os.dup(connection.fileno()) for _ in range(2))

        def end() -> None:
            # It wakes the thread that reads. The socket may have been shut down already.
            with connection, suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

        return cls(reading, writing, end=end, status=lambda: None, execmodel=execmodel)

    def read(self, numbytes: int, /) -> bytes:
        """Return exactly so many bytes.

        Raises EOFError at the end of the link, and while it has a deadline LinkEnded instead, or
        TimeoutError when that has passed.
        """
        data = b""
        while len(data) < numbytes:
            self._wait()
            part = os.read(self._reading, numbytes - len(data))
            if not part:
                # While a gateway is opened, execnet would go on with an EOFError. Later it takes
                # one, and its text.
                raise EOFError("the link has ended") if self.deadline is None else LinkEnded
            data += part
        return data

    def write(self, data: bytes, /) -> None:
        """Write all of it. Raises OSError if that is not possible, or takes too long."""
        with self._lock:
            if self._writing is None:
                raise OSError("the gateway is closed")
            within_s = _WRITTEN_WITHIN_S
            if self.deadline is not None:
                within_s = min(within_s, self.deadline - CLOCK.monotonic())
            if not written_within(self._writing, data, within_s):
                raise TimeoutError("the gateway takes no more data")

    def close_read(self) -> None:
        """Close the reading end; execnet's thread does when it has read the last."""
        os.close(self._reading)

    def close_write(self) -> None:
        """Close the writing end, which tells the other side to end."""
        with self._lock:
            if self._writing is not None:
                os.close(self._writing)
            self._writing = None

    def abandon(self) -> None:
        """End the link and close it, while no thread reads from it."""
        self.kill()
        self.close_read()

    def wait(self) -> int | None:
        """Return the exit status of the process; None if there is none yet."""
        return self._status()

    def kill(self) -> None:
        """End the link at once, with the process that it leads to."""
        self.close_write()
        self._end()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        while True:
            deadline = self.deadline
            left_s = None if deadline is None else max(0.0, deadline - CLOCK.monotonic())
            if poll.poll(None if left_s is None else left_s * 1000):
                return
            # It may have been taken away meanwhile: then the gateway is open.
            if self.deadline is not None and not left_s:
                raise TimeoutError
