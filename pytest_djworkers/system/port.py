"""Reserves a port for all launches of a run."""

from __future__ import annotations

import socket
import sys

from pytest_djworkers.system.os_errors import explain_os_errors
from pytest_djworkers.system.unpatched_sockets import UnpatchedSocket

LOOPBACK = "127.0.0.1"
"""The address that only this machine reaches."""


class ReservedPort:
    """A port that the kernel gives to nobody else who asks for any port.

    Outside of Linux the port is picked and released, and may be taken by somebody else.
    """

    # It is held by a bound socket that never listens. Linux lets a server bind the same port if
    # both have SO_REUSEADDR and none of them listens yet, so the server need not inherit anything.

    def __init__(self, host: str = LOOPBACK) -> None:
        with explain_os_errors("no port can be reserved"):
            self._placeholder = UnpatchedSocket()
            self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._placeholder.bind((host, 0))
        self.number: int = self._placeholder.getsockname()[1]
        if sys.platform != "linux":
            self.release()

    def release(self) -> None:
        """Release the port."""
        self._placeholder.close()
