"""Keep-alive GETs with one asyncio protocol for each connection.

Arguments: KIND HOST PORT PATH CONNECTIONS SECONDS.

Kinds: ``protocol`` (asyncio.Protocol), ``small`` (the same, receiving 16 KiB at a time) and
``buffered`` (asyncio.BufferedProtocol), framed by hand; ``uvloop``: asyncio.Protocol under uvloop,
framed by httptools.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

_BUFFER = 65536


class _Framed:
    """Sends a request for each response, whose length is looked up once."""

    length = 0

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._data = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def begin(self) -> None:
        self._transport.write(self._request)

    def _received(self, data: bytes) -> None:
        data = self._data + data
        # All responses are alike, so one look at Content-Length is enough for all connections.
        if not _Framed.length:
            head, _, _ = data.partition(b"\r\n\r\n")
            field = head.lower().partition(b"content-length:")[2]
            _Framed.length = len(head) + 4 + int(field.split(b"\r\n")[0])
        if len(data) < _Framed.length:
            self._data = data
        else:
            self._data = b""
            self._transport.write(self._request)


class Plain(_Framed, asyncio.Protocol):
    """asyncio.Protocol."""

    def data_received(self, data: bytes) -> None:
        """Take a piece."""
        self._received(data)


class SmallReceive(Plain):
    """asyncio.Protocol that asks for 16 KiB at a time; the standard library's asks for 256."""

    def connection_made(self, transport: Any) -> None:
        """Receive 16 KiB at a time."""
        super().connection_made(transport)
        # asyncio allocates a buffer of this size for each receive.
        transport.max_size = 16384


class Buffered(_Framed, asyncio.BufferedProtocol):
    """asyncio.BufferedProtocol, with one buffer for all connections."""

    buffer = memoryview(bytearray(_BUFFER))

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return the buffer for the next piece."""
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take a piece."""
        self._received(bytes(self.buffer[:nbytes]))


class Parsed(asyncio.Protocol):
    """asyncio.Protocol with httptools."""

    def __init__(self, request: bytes) -> None:
        from httptools import HttpResponseParser

        self._request = request
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def begin(self) -> None:
        """Send the first request."""
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take a piece."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Send the next request; httptools calls this at a response's end."""
        self._transport.write(self._request)


_KINDS: dict[str, Callable[[bytes], Plain | Buffered | Parsed]] = {
    "protocol": Plain,
    "small": SmallReceive,
    "buffered": Buffered,
    "uvloop": Parsed,
}


async def fire(kind: str, host: str, port: str, path: str, connections: str, seconds: str) -> None:
    """Open all connections, begin on all of them, and wait."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    protocol = _KINDS[kind]
    opened = []
    for _ in range(int(connections)):
        _, client = await loop.create_connection(lambda: protocol(request), host, int(port))
        opened.append(client)
    for client in opened:
        client.begin()
    await asyncio.sleep(float(seconds))


def main(kind: str, *arguments: str) -> None:
    """Fire under the loop of this kind."""
    if kind == "uvloop":
        import uvloop

        uvloop.run(fire(kind, *arguments))
    else:
        asyncio.run(fire(kind, *arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
