"""One of an agent's connections, and the state that it is in."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from enum import IntEnum

from pytest_djworkers.load.live_part import LivePart, Payload


class State(IntEnum):
    """The state of a connection."""

    DOWN = 0
    CONNECTING = 1
    IDLE = 2
    SENDING = 3
    """A part of a request is sent; the rest waits for the socket to take it."""
    WAITING = 4
    """The whole request is sent, and nothing of a response has come."""
    RECEIVING = 5


class Connection:
    """One of the burst's connections; its socket may be replaced.

    ``receive`` and ``send`` are the socket's own methods, or what stands for them over TLS, bound
    once: they are called for every request.
    """

    __slots__ = (
        "answered_ns",
        "began_ns",
        "connecting_since_ns",
        "first_byte_ns",
        "has_responded",
        "idle_since_ns",
        "is_asked",
        "number",
        "part",
        "payload",
        "reader",
        "receive",
        "send",
        "sock",
        "state",
        "unsent",
        "was_open",
        "was_served",
        "window_responses",
    )
    receive: Callable[[bytearray], int]
    send: Callable[[bytes | memoryview], int]

    def __init__(self, number: int, part: LivePart) -> None:
        self.number = number
        """Its number among all connections of the burst, from 0 on."""
        self.part = part
        """The part that the request in flight, or the last one, is of."""
        self.payload: Payload = part.first_payload
        """The bytes of that request."""
        self.sock: socket.socket | None = None
        self.state = State.DOWN
        self.reader = part.make_reader(number)
        self.began_ns = 0
        """The time at which the request in flight began, or was planned to; 0 without one."""
        self.answered_ns = 0
        """The time of the first event of its response, which is a stream; 0 before."""
        self.first_byte_ns = 0
        """The time at which the first of several pieces of its response came; 0 before."""
        self.connecting_since_ns = 0
        self.idle_since_ns = 0
        self.is_asked = False
        """True once it has begun a request."""
        self.unsent: bytes | memoryview = b""
        self.has_responded = False
        """True if a response has come on the present socket."""
        self.was_open = False
        """True if any of its sockets was connected."""
        self.was_served = False
        """True if a response has come on any of its sockets."""
        self.window_responses = 0

    def attach(self, sock: socket.socket) -> None:
        """Use this socket from now on."""
        self.sock = sock
        self.receive = sock.recv_into
        self.send = sock.send


def unasked(connections: Iterable[Connection], timeout_s: float, until_ns: int) -> int:
    """Return the number of connections that the server had no time to serve.

    Their first request has not begun, or is younger than the timeout.
    """
    younger_than = until_ns - timeout_s * 1e9
    return sum(
        not one.was_served and (not one.is_asked or one.began_ns > younger_than)
        for one in connections
    )
