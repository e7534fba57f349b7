"""One place among a burst's connections, and what it is doing."""

from __future__ import annotations

import socket
from collections.abc import Callable
from enum import IntEnum

from pytest_djworkers.load.client import ResponseReader


class State(IntEnum):
    """What a connection is doing."""

    DOWN = 0
    CONNECTING = 1
    IDLE = 2
    SENDING = 3
    """A part of a request is on its way, the rest waits for the socket to take it."""
    WAITING = 4
    """The whole request is on its way, and nothing of an answer has come."""
    RECEIVING = 5


class Connection:
    """One of the burst's connections; its socket may be replaced.

    ``receive`` and ``send`` are the socket's own, bound once: they are called for every request.
    """

    __slots__ = (
        "began_ns",
        "connecting_since_ns",
        "has_responded",
        "idle_since_ns",
        "reader",
        "receive",
        "send",
        "sock",
        "state",
        "unsent",
        "was_served",
        "window_responses",
    )
    receive: Callable[[bytearray], int]
    send: Callable[[bytes | memoryview], int]

    def __init__(self, reader: ResponseReader) -> None:
        self.sock: socket.socket | None = None
        self.state = State.DOWN
        self.reader = reader
        self.began_ns = 0
        """When the request in flight began, or was planned to; 0 where there is none."""
        self.connecting_since_ns = 0
        self.idle_since_ns = 0
        self.unsent: bytes | memoryview = b""
        self.has_responded = False
        """Whether this socket has brought an answer."""
        self.was_served = False
        """Whether any socket of it has."""
        self.window_responses = 0

    def attach(self, sock: socket.socket) -> None:
        """Use this socket from now on."""
        self.sock = sock
        self.receive = sock.recv_into
        self.send = sock.send
