"""A server of two processes whose requests take known CPU time, reach memory, or wait.

As a script this is the server: it prints its port, and ends when its standard input does.
``cpu_server`` runs the script. The path has the kind of work and its milliseconds on a usual
machine: ``/computes-5``, ``/remembers-5``, ``/waits-5``.
"""

from __future__ import annotations

import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

HOST = "127.0.0.1"
WORKERS = 2
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_STEPS_PER_MS = 10_000
_READS_PER_MS = 6_000
_NUMBERS = 4_000_000


def _computes(ms: float) -> None:
    total = 0
    for number in range(round(ms * _STEPS_PER_MS)):
        total += number * number % 7


class _Memory:
    """Far more numbers than caches hold, read in an order that no cache foresees."""

    def __init__(self) -> None:
        self._numbers = list(range(1000, 1000 + _NUMBERS))
        random.Random(1).shuffle(self._numbers)

    def read(self, ms: float) -> None:
        at = total = 0
        for number in range(round(ms * _READS_PER_MS)):
            at = (at * 1_103_515_245 + 12_345 + number) % _NUMBERS
            total += self._numbers[at]


def _waits(ms: float) -> None:
    time.sleep(ms / 1000)


def _serve(listener: socket.socket, works: Mapping[str, Callable[[float], None]]) -> None:
    """Serve one request after the other, from all connections in turn."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                # The other process may have been faster.
                with suppress(BlockingIOError):
                    accepted, _ = listener.accept()
                    accepted.setblocking(True)
                    selector.register(accepted, selectors.EVENT_READ)
                continue
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            # The clients send small requests and never two at once, so each arrives whole.
            data = b""
            with suppress(ConnectionError):
                data = connection.recv(65536)
            if not data:
                selector.unregister(connection)
                connection.close()
                continue
            name, _, ms = data.split(b" ", 2)[1].decode().removeprefix("/").partition("-")
            works[name](float(ms))
            connection.sendall(_RESPONSE)


def _main() -> None:
    listener = socket.create_server((HOST, 0), backlog=1024)
    listener.setblocking(False)
    # Made before the fork, so that the memory is there once.
    works = {"computes": _computes, "remembers": _Memory().read, "waits": _waits}
    workers = []
    for _ in range(WORKERS):
        if not (worker := os.fork()):
            _serve(listener, works)
        workers.append(worker)
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


@contextmanager
def cpu_server() -> Iterator[tuple[str, int]]:
    """Run the server; its address is the value."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield HOST, int(process.stdout.readline())


if __name__ == "__main__":
    _main()
