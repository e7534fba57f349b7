"""Sockets of this package's own, from this machine to itself.

Libraries that keep tests from the network (pytest-socket, httpretty) replace ``socket.socket``, or
its ``connect``. They are meant for what tests and sites do, and in this process: the servers that
are measured are others, and so is what is between them and us.
"""

from __future__ import annotations

import _socket
import socket

_TRUE: type[socket.socket] = next(
    one for one in socket.socket.__mro__ if _socket.socket in one.__bases__
)
"""Python's own class, also where another one stands in its place by now."""


class UnpatchedSocket(_TRUE):  # type: ignore[valid-type,misc]  # found at run time
    """A socket that nothing in this process stands before."""

    connect = _socket.socket.connect
    connect_ex = _socket.socket.connect_ex
    bind = _socket.socket.bind
    sendto = _socket.socket.sendto


def unpatched_pair() -> tuple[socket.socket, socket.socket]:
    """Two sockets that are connected with each other."""
    one, other = _socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return UnpatchedSocket(fileno=one.detach()), UnpatchedSocket(fileno=other.detach())


def open_connection(address: tuple[str, int], within_s: float) -> socket.socket:
    """A connection to an address in figures. Raises OSError where there is none in that time."""
    made = UnpatchedSocket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    try:
        made.settimeout(within_s)
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made
