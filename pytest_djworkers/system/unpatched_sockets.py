"""Sockets that libraries for tests have not patched, for connections of this machine to itself.

Libraries that keep tests from the network (pytest-socket, httpretty) replace ``socket.socket``, or
its ``connect``. That is meant for what tests and sites do. This package's own connections, to its
servers and helper processes, must work all the same.
"""

from __future__ import annotations

import _socket
import socket

_TRUE: type[socket.socket] = next(
    one for one in socket.socket.__mro__ if _socket.socket in one.__bases__
)
"""Python's own class, even if another one has been put in its place by now: the one class among
the bases that is derived from the C implementation itself."""


class UnpatchedSocket(_TRUE):  # type: ignore[valid-type,misc]  # found at run time
    """A socket whose methods are those of the C implementation, whoever has patched Python's."""

    connect = _socket.socket.connect
    connect_ex = _socket.socket.connect_ex
    bind = _socket.socket.bind
    sendto = _socket.socket.sendto


def unpatched_pair() -> tuple[socket.socket, socket.socket]:
    """Return two sockets that are connected with each other."""
    one, other = _socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return UnpatchedSocket(fileno=one.detach()), UnpatchedSocket(fileno=other.detach())


def open_connection(address: tuple[str, int] | str, within_s: float) -> socket.socket:
    """Connect to a numeric IP address and port, or to the path of a Unix socket.

    Raises OSError, also if it takes too long.
    """
    family = socket.AF_UNIX
    if not isinstance(address, str):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    made = UnpatchedSocket(family)
    try:
        made.settimeout(within_s)
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made
