"""A port that nobody else gets, kept across all launches of a run."""

from __future__ import annotations

import socket
import sys

from pytest_djworkers.system.os_errors import explain_os_errors
from pytest_djworkers.system.unpatched_sockets import UnpatchedSocket

HOST = "127.0.0.1"


class ReservedPort:
    """Holds a bound socket that never listens.

    The kernel gives its port to nobody who asks for any port, and lets a server that sets
    SO_REUSEADDR bind it (Linux). Where that is not so, the port is picked, and released.
    """

    def __init__(self) -> None:
        with explain_os_errors("no port can be reserved"):
            self._placeholder = UnpatchedSocket()
            self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._placeholder.bind((HOST, 0))
        self.number: int = self._placeholder.getsockname()[1]
        if sys.platform != "linux":
            self.release()

    def release(self) -> None:
        """Give the port back."""
        self._placeholder.close()
