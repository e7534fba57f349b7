"""A port that nobody else gets, kept across all launches of a run."""

from __future__ import annotations

import socket
import sys

from pytest_djworkers.system.own_sockets import OwnSocket
from pytest_djworkers.system.refusals import refusals_in_words

HOST = "127.0.0.1"


class ReservedPort:
    """Holds a bound socket that never listens.

    The kernel gives its port to nobody who asks for any port, and lets a server that sets
    SO_REUSEADDR bind it (Linux). Where that is not so, the port is picked, and released.
    """

    def __init__(self) -> None:
        with refusals_in_words("no port can be reserved"):
            self._placeholder = OwnSocket()
            self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._placeholder.bind((HOST, 0))
        self.number: int = self._placeholder.getsockname()[1]
        if sys.platform != "linux":
            self.release()

    def release(self) -> None:
        """Give the port back."""
        self._placeholder.close()
