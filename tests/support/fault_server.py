"""A server that does what it is told to, right or wrong, in a thread of the test's process.

A behaviour is a coroutine function that gets one accepted connection as its ``Peer``, and ends
it by returning. When the client is gone, whatever it awaits of the peer ends it.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

LOCAL = "127.0.0.1"
_RESET = struct.pack("ii", 1, 0)

Behaviour = Callable[["Peer"], Awaitable[None]]


class Gone(Exception):
    """The client is gone."""


class Peer(asyncio.Protocol):
    """One connection, as its server sees it."""

    def __init__(self, server: FaultServer) -> None:
        self._server = server
        self._received = bytearray()
        self._requests: list[bytes] = []
        self._changed = asyncio.Event()
        self._gone = False
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None]

    # What a behaviour calls.

    async def request(self) -> bytes:
        """The next whole request."""
        while not self._requests:
            await self._change()
        return self._requests.pop(0)

    async def message(self) -> tuple[int, bytes]:
        """The first byte and the data of the next short frame of a WebSocket's client."""
        while len(self._received) < 6 or len(self._received) < 6 + (self._received[1] & 0x7F):
            await self._change()
        first, end = self._received[0], 6 + (self._received[1] & 0x7F)
        mask, data = self._received[2:6], self._received[6:end]
        del self._received[:end]
        return first, bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))

    async def some(self) -> None:
        """Until anything has come in."""
        while not self._received and not self._requests:
            await self._change()

    async def send(self, data: bytes) -> None:
        """Send; at most a little lies unsent."""
        if self._gone:
            raise Gone
        self._transport.write(data)
        while self._transport.get_write_buffer_size() > 65_536:
            await self.pause(0.001)

    async def pause(self, seconds: float) -> None:
        """Do nothing for a time."""
        await asyncio.sleep(seconds)
        if self._gone:
            raise Gone

    async def hang(self) -> None:
        """Do nothing until the client goes."""
        while True:
            await self._change()

    def read_no_more(self) -> None:
        """Leave what comes in with the system."""
        self._transport.pause_reading()

    def hold(self) -> None:
        """Send what is sent from here on together with the connection's end."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def reset(self) -> None:
        """End the connection with a reset, after what was sent."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def end(self) -> None:
        """End the connection, and what it does."""
        self._task.cancel()
        self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.peers.add(self)
        self._server.connections += 1
        self._task = asyncio.get_running_loop().create_task(self._behave())

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._changed.set()
        while (head_end := self._received.find(b"\r\n\r\n", 0, 65_536)) >= 0:
            whole = head_end + 4 + _length(bytes(self._received[:head_end]))
            if len(self._received) < whole:
                return
            request = bytes(self._received[:whole])
            del self._received[:whole]
            self._requests.append(request)
            self._server.requests.append(request)

    def connection_lost(self, error: Exception | None) -> None:
        self._gone = True
        self._server.peers.discard(self)
        self._changed.set()

    async def _change(self) -> None:
        if self._gone:
            raise Gone
        self._changed.clear()
        await self._changed.wait()

    async def _behave(self) -> None:
        with suppress(Gone):
            await self._server.behave(self)
        self._transport.close()


class FaultServer:
    """A server that misbehaves, and what it saw: filled by its thread, read by the test's."""

    def __init__(self, behave: Behaviour, address: tuple[str, int]) -> None:
        self.behave = behave
        self.address = address
        self.connections = 0
        self.requests: list[bytes] = []
        """Every request whose last byte came."""
        self.peers: set[Peer] = set()


@contextmanager
def serve(
    behave: Behaviour,
    address: tuple[str, int] = (LOCAL, 0),
    *,
    backlog: int = 128,
    tls: ssl.SSLContext | None = None,
    unix_socket: str = "",
) -> Iterator[FaultServer]:
    """A server whose every connection behaves like this, over TLS if it is given a context.

    With ``unix_socket`` it listens at that path, and the address is of no use.
    """
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    if unix_socket:
        listener = unix_listener(unix_socket, backlog)
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        listener = socket.create_server(address, family=family, backlog=backlog)
        address = listener.getsockname()[:2]
    server = FaultServer(behave, address)
    thread = threading.Thread(
        target=loop.run_until_complete, args=(_serve(server, listener, stop, tls),)
    )
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def unix_listener(path: str, backlog: int) -> socket.socket:
    """A socket that listens at a path."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(backlog)
    return listener


async def _serve(
    server: FaultServer, listener: socket.socket, stop: asyncio.Event, tls: ssl.SSLContext | None
) -> None:
    loop = asyncio.get_running_loop()
    running = await loop.create_server(lambda: Peer(server), sock=listener, ssl=tls)
    await stop.wait()
    # Not closed yet: a server closed while it accepts a connection loses that.
    loop.remove_reader(listener.fileno())
    for _ in range(10_000):
        if len(asyncio.all_tasks()) == 1 and not server.peers:
            break
        for peer in list(server.peers):
            peer.end()
        await asyncio.sleep(0.001)
    running.close()


def _length(head: bytes) -> int:
    """Return the length in bytes of the body after this head."""
    match = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return int(match[1]) if match else 0


@contextmanager
def refusing() -> Iterator[tuple[str, int]]:
    """An address that is taken and where nobody listens."""
    with socket.socket() as sock:
        sock.bind((LOCAL, 0))
        yield sock.getsockname()


@contextmanager
def deaf(backlog: int) -> Iterator[tuple[str, int]]:
    """An address where the system takes connections that no server ever accepts."""
    with socket.socket() as sock:
        sock.bind((LOCAL, 0))
        sock.listen(backlog)
        yield sock.getsockname()


def eventually(holds: Callable[[], bool], *, within_s: float = 10) -> bool:
    """Return whether the condition becomes true before long."""
    deadline = time.monotonic() + within_s
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return held


# Behaviours.


def answer(status: str = "200 OK", body: bytes = b"ok", *headers: str) -> bytes:
    """A whole answer with a length."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def always(data: bytes, *, after_s: float = 0.0) -> Behaviour:
    """Send this for every request, on a connection that stays open."""

    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            if after_s:
                await peer.pause(after_s)
            await peer.send(data)

    return behave


def once(data: bytes, *, reset: bool = False) -> Behaviour:
    """Send this for the first request, and end the connection."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        if data:
            await peer.send(data)
        if reset:
            # What was sent goes out first.
            await peer.pause(0.005)
            peer.reset()

    return behave


def in_turn(*answers: bytes) -> Behaviour:
    """Send these on each connection, over and over."""

    async def behave(peer: Peer) -> None:
        for data in cycle(answers):
            await peer.request()
            await peer.send(data)

    return behave


def streams(first: bytes, more: bytes, *, every_s: float = 0.0) -> Behaviour:
    """Begin like this at the first request, and never stop."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(first)
        while True:
            await peer.send(more)
            await peer.pause(every_s)

    return behave


def trickles(data: bytes) -> Behaviour:
    """Send this for every request, a byte at a time."""

    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            for byte in data:
                await peer.send(bytes([byte]))
                await peer.pause(0)

    return behave


async def hangs(peer: Peer) -> None:
    """Never answer."""
    await peer.hang()


async def closes(peer: Peer) -> None:
    """End the connection."""


async def answers_and_closes(peer: Peer) -> None:
    """Close without a word with an answer, so that the next request comes too late."""
    await peer.request()
    peer.hold()
    await peer.send(answer())


async def resets(peer: Peer) -> None:
    """End the connection, rudely."""
    peer.reset()
