"""A process that listens on a port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_djworkers.system.port import LOOPBACK

LISTEN = """
import socket, sys
server = socket.socket()
for option in sys.argv[3:]:
    server.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen()
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def listener(*options: str, host: str = LOOPBACK, port: int = 0) -> Iterator[tuple[int, int]]:
    """Another process that listens; its process id and its port."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, host, str(port), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        yield other.pid, int(other.stdout.readline())
        other.kill()
