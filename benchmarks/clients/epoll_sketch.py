"""Keep-alive GETs on one epoll, without asyncio: HOST PORT PATH CONNECTIONS SECONDS."""

from __future__ import annotations

import os
import select
import socket
import sys
import time


def main(host: str, port: str, path: str, connections: str, seconds: str) -> None:
    """Fire on one epoll."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    epoll = select.epoll()
    sockets = []
    for _ in range(int(connections)):
        sock = socket.create_connection((host, int(port)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        epoll.register(sock.fileno(), select.EPOLLIN)
        sockets.append(sock)
    for sock in sockets:
        sock.send(request)
    deadline = time.monotonic() + float(seconds)
    # Local names are looked up faster than attributes, and nothing else happens in this loop.
    read, write = os.read, os.write
    partial: dict[int, bytes] = {}
    length = 0
    while time.monotonic() < deadline:
        for descriptor, _ in epoll.poll(1, 4096):
            data = partial.pop(descriptor, b"") + read(descriptor, 65536)
            # All responses are alike, so one look at Content-Length is enough.
            if not length:
                head, _, _ = data.partition(b"\r\n\r\n")
                field = head.lower().partition(b"content-length:")[2]
                length = len(head) + 4 + int(field.split(b"\r\n")[0])
            if len(data) < length:
                partial[descriptor] = data
            else:
                write(descriptor, request)


if __name__ == "__main__":
    main(*sys.argv[1:])
