"""A server whose delays are known: it draws them, and records what it did with each request.

As a script (DISTRIBUTION MEDIAN_S SEED) this is the server. It prints its port, responds to every
request after a random delay, and prints its record when its standard input ends. ``delays_server``
runs the script.
"""

from __future__ import annotations

import gc
import heapq
import json
import math
import os
import random
import select
import socket
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HOST = "127.0.0.1"
BODY = b"x" * 130
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)
# With this sigma the p99 is about 3.2 times the median, as in views that query.
SIGMA = 0.5
SLOW_SHARE = 0.015
"""More than 1 %, or else p99 would be at the edge between the two modes."""
DISTRIBUTIONS: dict[str, Callable[[random.Random], float]] = {
    "none": lambda _: 0.0,
    "constant": lambda _: 1.0,
    "lognormal": lambda source: source.lognormvariate(0.0, SIGMA),
    "bimodal": lambda source: (
        source.uniform(4.0, 6.0) if source.random() < SLOW_SHARE else source.uniform(0.8, 1.2)
    ),
}
# The mean of a lognormal distribution is its median times exp(sigma² / 2). In the bimodal one each
# mode's mean is the middle of its range, and the median is close to 1.
MEAN_OVER_MEDIAN = {
    "lognormal": math.exp(SIGMA**2 / 2),
    "bimodal": 1 - SLOW_SHARE + SLOW_SHARE * 5,
}
_clock = time.monotonic_ns


@dataclass(frozen=True)
class Record:
    """The server's record; times are nanoseconds of the machine's monotonic clock."""

    accepted_ns: list[int]
    """The time at which each connection was accepted."""
    read_ns: list[int]
    """The time at which each request had been read, in that order."""
    written_ns: list[int]
    """The time at which each request's response had been written; 0 if it was not."""


class DelaysServer:
    """A running server, which gives its record when it ends."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.address = (HOST, port)

    def end(self) -> Record:
        """End the server, and return its record."""
        printed, _ = self._process.communicate()
        return Record(**json.loads(printed))


@contextmanager
def delays_server(
    distribution: str, median_s: float, *, cpu: int, seed: int = 1
) -> Iterator[DelaysServer]:
    """Run the server, pinned to ``cpu``."""
    process = subprocess.Popen(
        [sys.executable, __file__, distribution, str(median_s), str(seed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        os.sched_setaffinity(process.pid, {cpu})
        assert process.stdout is not None
        yield DelaysServer(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


class _Server:
    def __init__(self, delay_s: Callable[[], float]) -> None:
        self._delay_s = delay_s
        self._listener = socket.create_server((HOST, 0), backlog=4096)
        self._listener.setblocking(False)
        self._epoll = select.epoll()
        self._connections: dict[int, socket.socket] = {}
        # A heap of (due time, number, connection): the number decides between equal times, since
        # connections can't be compared.
        self._due: list[tuple[int, int, socket.socket]] = []
        self._accepted, self._read, self._written = array("Q"), array("Q"), array("Q")

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def record(self) -> dict[str, list[int]]:
        return {
            "accepted_ns": self._accepted.tolist(),
            "read_ns": self._read.tolist(),
            "written_ns": self._written.tolist(),
        }

    def serve_until_readable(self, control: int) -> None:
        listener = self._listener.fileno()
        for descriptor in (listener, control):
            self._epoll.register(descriptor, select.EPOLLIN)
        while True:
            # -1 waits without a limit, until something arrives.
            wait_s = max(0.0, (self._due[0][0] - _clock()) / 1e9) if self._due else -1
            for descriptor, _ in self._epoll.poll(wait_s, 4096):
                if descriptor == control:
                    return
                if descriptor == listener:
                    self._accept()
                else:
                    self._receive(self._connections[descriptor])
            while self._due and self._due[0][0] <= _clock():
                _, number, connection = heapq.heappop(self._due)
                self._respond(number, connection)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            self._accepted.append(_clock())
            connection.setblocking(False)
            # Nagle's algorithm would hold a small response back, for up to 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections[connection.fileno()] = connection
            self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _receive(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            del self._connections[connection.fileno()]
            connection.close()
            return
        # The clients send small requests and never two at once, so each arrives whole.
        if not data.endswith(b"\r\n\r\n"):
            raise ValueError(f"not one whole GET: {data!r}")
        now = _clock()
        number = len(self._read)
        self._read.append(now)
        # The slot keeps the order of reading; the time of writing follows.
        self._written.append(0)
        delay_ns = round(self._delay_s() * 1e9)
        if delay_ns:
            heapq.heappush(self._due, (now + delay_ns, number, connection))
        else:
            self._respond(number, connection)

    def _respond(self, number: int, connection: socket.socket) -> None:
        try:
            connection.send(RESPONSE)
        except OSError:
            return  # the client is gone
        self._written[number] = _clock()


def _main(distribution: str, median_s: str, seed: str) -> None:
    source, median = random.Random(int(seed)), float(median_s)
    draw = DISTRIBUTIONS[distribution]
    server = _Server(lambda: draw(source) * median)
    print(server.port, flush=True)
    gc.disable()  # a collection would be a delay that nobody drew
    server.serve_until_readable(sys.stdin.fileno())
    # The record is kept in memory and written at the end, since writing would be a delay, too.
    json.dump(server.record(), sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
