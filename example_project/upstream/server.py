"""The other HTTP service: a process of its own that responds to every GET with the same body.

It prints its URL as its first line. It ends when its standard input ends, so it can't outlive the
process that holds the other end of that pipe.
"""

import argparse
import asyncio
import contextlib
import json
import os
import threading

BACKLOG = 4096
BODY_BYTES = 25_300
HEAD_LIMIT_BYTES = 16_384
STDIN = 0


def response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def make_body() -> bytes:
    """Return a list of readings as JSON, as many as fit into `BODY_BYTES`."""
    rows: list[str] = []
    size = 1
    for number in range(BODY_BYTES):
        row = json.dumps({"sensor": number, "celsius": number * 37 % 400 / 10, "ok": True})
        size += len(row) + 1
        if size > BODY_BYTES:
            break
        rows.append(row)
    return f"[{','.join(rows)}]".encode()


RESPONSE = response("200 OK", make_body())
NOT_A_GET = response("405 Method Not Allowed", b"{}", "Allow: GET", "Connection: close")
HEAD_TOO_LONG = response("431 Request Header Fields Too Large", b"{}", "Connection: close")


class Connection(asyncio.BufferedProtocol):
    """One keep-alive HTTP/1.1 connection; requests may arrive in pieces or several at once."""

    def __init__(self) -> None:
        self._buffer = bytearray(HEAD_LIMIT_BYTES)
        self._used = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio gives it
        return memoryview(self._buffer)[self._used :]

    def buffer_updated(self, nbytes: int) -> None:
        self._used += nbytes
        start = 0
        while (end := self._buffer.find(b"\r\n\r\n", start, self._used)) != -1:
            if not self._respond(self._buffer[start:end]):
                return
            start = end + 4
        self._buffer[: self._used - start] = self._buffer[start : self._used]
        self._used -= start
        if self._used == HEAD_LIMIT_BYTES:
            self._refuse(HEAD_TOO_LONG)

    def _respond(self, head: bytearray) -> bool:
        """Respond to one request; return True if the connection stays open."""
        if not head.startswith(b"GET "):
            self._refuse(NOT_A_GET)
            return False
        self._transport.write(RESPONSE)
        if b"connection: close" in head.lower():
            self._transport.close()
            return False
        return True

    def _refuse(self, response: bytes) -> None:
        self._transport.write(response)
        self._transport.close()

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()


def raise_open_files_limit() -> None:
    """Raise the limit: one connection is one open file, and the soft limit is often 1024."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def end_of_stdin() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        while os.read(STDIN, 4096):
            pass
        loop.call_soon_threadsafe(ended.set)

    # A thread, because an event loop can't watch everything that standard input can be.
    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=BACKLOG)
    host, bound_port = server.sockets[0].getsockname()
    print(f"http://{host}:{bound_port}", flush=True)
    await end_of_stdin()
    # Not `async with server`: at its end that waits until clients have closed their connections.
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: 0, a free one")
    port = parser.parse_args().port
    raise_open_files_limit()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(port))


if __name__ == "__main__":
    main()
