"""The connections of one agent: opened, kept busy, and given up at the end of the window."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
import time
from enum import IntEnum

from pytest_djworkers.load.client import BadResponse, HeadResponseReader, ResponseReader
from pytest_djworkers.load.poller import READ, WRITE, make_poller
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.tally import AgentReport, Tally

_RECEIVE = 65_536
_BATCHES = 16
"""How many batches one wake-up drains before the loop's timers get their turn."""
_OPENED_AT_ONCE = 250
_RETRY_AFTER_S = 0.1
_FOLD_EVERY_S = 0.1
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_KINDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "connect timeout",
    errno.EADDRNOTAVAIL: "no free port",
    errno.EMFILE: "no free descriptor",
    errno.ENFILE: "no free descriptor",
}
_clock = time.monotonic_ns


class State(IntEnum):
    """What a connection is doing."""

    DOWN = 0
    CONNECTING = 1
    IDLE = 2
    WAITING = 3


class Connection:
    """One place among the burst's connections; its socket may be replaced."""

    __slots__ = (
        "answers",
        "answers_on_socket",
        "began_ns",
        "connecting_since_ns",
        "reader",
        "sock",
        "state",
        "unsent",
        "window_answers",
    )

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.state = State.DOWN
        self.reader = ResponseReader()
        self.began_ns = 0
        """When the request in flight began; 0 where there is none."""
        self.connecting_since_ns = 0
        self.unsent: bytes | memoryview = b""
        self.answers = 0
        self.answers_on_socket = 0
        self.window_answers = 0


class Pool:
    """Fires one burst's requests over its connections, a closed loop on each.

    All sockets sit behind one descriptor that the asyncio loop watches. A response's time is
    taken when poll returns with it, not when its turn comes.
    """

    def __init__(self, profile: Profile, address: tuple[str, int], connections: int) -> None:
        host, port = address
        self._profile = profile
        self._address = address
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # A view, so that what is left of a large body is not copied at each send.
        self._payload = memoryview(profile.request.encode(f"{host}:{port}"))
        self._retries_closed_idle = profile.request.is_safe
        self._timeout_ns = round(profile.shape.timeout_s * 1e9)
        self._reader_type = (
            HeadResponseReader if profile.request.method == "HEAD" else ResponseReader
        )
        self._connections = [Connection() for _ in range(connections)]
        self._by_fd: dict[int, Connection] = {}
        self._poller = make_poller()
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._tally = Tally(profile)
        self._running = False
        self._stop_ns = sys.maxsize
        """From here on, what arrives is none of the burst's business."""
        self._opened = 0
        self._connect_max_ns = 0
        self._cpu_s = 0.0
        self._loop.add_reader(self._poller.fileno(), self._ready)

    async def open(self, within_s: float) -> int:
        """Open all connections; how many are open. Those that fail are tried again later."""
        deadline = self._loop.time() + within_s
        now = _clock()
        for index, connection in enumerate(self._connections, 1):
            self._connect(connection, now)
            if index % _OPENED_AT_ONCE == 0:
                await asyncio.sleep(0)
        while any(connection.state is State.CONNECTING for connection in self._connections):
            left = deadline - self._loop.time()
            if left <= 0:
                break
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                break
        self._opened = sum(c.state is State.IDLE for c in self._connections)
        return self._opened

    async def fire(self, start_ns: int, *, drain_s: float = 0.0) -> AgentReport:
        """Warm up from ``start_ns`` on, then count for the window, and report.

        With ``drain_s``, wait up to that long after the window for what is in flight, so that
        nothing is left behind in the server.
        """
        shape = self._profile.shape
        self._tally.open_window(start_ns + round(shape.warmup_s * 1e9))
        if not drain_s:
            self._stop_ns = self._tally.end_ns
        await self._sleep_until(start_ns)
        self._running = True
        now = _clock()
        for connection in self._connections:
            self._begin(connection, now)
        await self._sleep_until(self._tally.begin_ns)
        cpu_before_s = time.process_time()
        while _clock() < self._tally.end_ns:
            next_ns = min(_clock() + round(_FOLD_EVERY_S * 1e9), self._tally.end_ns)
            await self._sleep_until(next_ns)
            self._tally.fold()
        self._cpu_s = time.process_time() - cpu_before_s
        self._running = False
        await self._drain(drain_s)
        return self._finish()

    def close(self) -> None:
        """Drop every connection."""
        self._running = False
        self._loop.remove_reader(self._poller.fileno())
        for connection in self._connections:
            self._disconnect(connection)
        self._poller.close()

    async def _sleep_until(self, moment_ns: int) -> None:
        while (left := moment_ns - _clock()) > 0:
            await asyncio.sleep(left / 1e9)

    async def _drain(self, within_s: float) -> None:
        deadline = self._loop.time() + within_s
        while self._pending() and (left := deadline - self._loop.time()) > 0:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return

    def _pending(self) -> bool:
        return any(connection.began_ns for connection in self._connections)

    def _finish(self) -> AgentReport:
        for connection in self._connections:
            if connection.began_ns:
                self._tally.leave(connection.began_ns)
        return self._tally.report(
            opened=self._opened,
            connect_max_ns=self._connect_max_ns,
            cpu_s=self._cpu_s,
            answered=((bool(c.answers), c.window_answers) for c in self._connections),
        )

    # The hot path: what happens for every response.

    def _ready(self) -> None:
        for _ in range(_BATCHES):
            events = self._poller.poll()
            now = _clock()
            if not events or now >= self._stop_ns:
                return
            for fd, mask in events:
                connection = self._by_fd[fd]
                if connection.state is State.CONNECTING:
                    self._connected(connection, now)
                elif mask & ~WRITE:
                    # Before any sending: the answer to a request that the server did not read
                    # to its end would be lost with the connection.
                    self._readable(connection, now)
                else:
                    self._send(connection, connection.unsent, now)

    def _readable(self, connection: Connection, now: int) -> None:
        sock = connection.sock
        assert sock is not None
        try:
            data = sock.recv(_RECEIVE)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(connection, _kind(error), now)
            return
        reader = connection.reader
        if not data:
            if connection.began_ns and reader.close_ends_answer():
                self._answered(connection, now)
            else:
                self._lost(connection, "closed early", now)
            return
        try:
            reader.feed(data)
        except BadResponse:
            self._fail(connection, "bad response", now)
            return
        if not reader.complete:
            if not connection.began_ns:
                self._fail(connection, "unasked answer", now)
        elif reader.complete == 1 and connection.began_ns and not reader.is_partial:
            self._answered(connection, now)
        else:
            self._fail(connection, "unasked answer", now)

    def _answered(self, connection: Connection, now: int) -> None:
        reader = connection.reader
        handled = _clock()
        if self._tally.answer(reader.take(), connection.began_ns, now, handled):
            connection.window_answers += 1
        connection.answers += 1
        connection.answers_on_socket += 1
        connection.began_ns = 0
        if not reader.keep_alive or connection.unsent:
            # At once: some servers linger until the client has closed. The rest of a request
            # that is answered already is of no use to anybody.
            self._disconnect(connection)
        else:
            connection.state = State.IDLE
        if self._running:
            self._begin(connection, handled)
        else:
            self._changed.set()

    def _begin(self, connection: Connection, now: int) -> None:
        """Begin the next request; on a new connection, its time includes the connecting."""
        if not self._running:
            return
        connection.began_ns = now
        if connection.state is State.IDLE:
            connection.state = State.WAITING
            self._send(connection, self._payload, now)
        elif connection.state is State.DOWN:
            self._connect(connection, now)

    def _send(self, connection: Connection, data: bytes | memoryview, now: int) -> None:
        sock = connection.sock
        assert sock is not None
        try:
            sent = sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost(connection, _kind(error), now)
            return
        if sent == len(data):
            if connection.unsent:
                connection.unsent = b""
                self._poller.modify(sock.fileno(), READ)
            return
        if not connection.unsent:
            self._poller.modify(sock.fileno(), READ | WRITE)
        connection.unsent = data[sent:]

    # What happens to connections.

    def _connect(self, connection: Connection, now: int) -> None:
        connection.reader = self._reader_type()
        connection.unsent = b""
        connection.answers_on_socket = 0
        connection.connecting_since_ns = now
        connection.state = State.CONNECTING
        try:
            sock = connection.sock = socket.socket(self._family)
        except OSError as error:
            self._fail(connection, _KINDS.get(error.errno or 0, "connect failed"), now)
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A reset instead of a FIN: no TIME_WAIT, so ports don't run out over many bursts.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._by_fd[sock.fileno()] = connection
        self._poller.register(sock.fileno(), WRITE)
        result = sock.connect_ex(self._address)
        if result not in {0, errno.EINPROGRESS}:
            self._fail(connection, _KINDS.get(result, "connect failed"), now)

    def _connected(self, connection: Connection, now: int) -> None:
        sock = connection.sock
        assert sock is not None
        self._changed.set()
        if result := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._fail(connection, _KINDS.get(result, "connect failed"), now)
            return
        self._connect_max_ns = max(self._connect_max_ns, now - connection.connecting_since_ns)
        self._poller.modify(sock.fileno(), READ)
        if connection.began_ns:
            connection.state = State.WAITING
            self._send(connection, self._payload, now)
        else:
            connection.state = State.IDLE
            self._begin(connection, now)

    def _lost(self, connection: Connection, kind: str, now: int) -> None:
        """The server ended the connection."""
        began = connection.began_ns
        if not began:
            self._disconnect(connection)
            self._tally.closed_idle += self._running
            return
        closed_idle = connection.answers_on_socket and not connection.reader.is_partial
        may_repeat = self._running and self._retries_closed_idle
        if closed_idle and may_repeat and now - began <= self._timeout_ns:
            # It closed an idle connection just as the request was on its way. A request that
            # is already late is not quietly sent again.
            self._tally.closed_idle += 1
            self._disconnect(connection)
            self._connect(connection, now)
            return
        self._fail(connection, kind, now)

    def _fail(self, connection: Connection, kind: str, now: int) -> None:
        """The request failed, or the connection did something that no request asked for."""
        was_connecting = connection.state is State.CONNECTING
        began = connection.began_ns
        connection.began_ns = 0
        self._disconnect(connection)
        if began:
            self._tally.failure(kind, began, now)
        self._changed.set()
        if not self._running:
            return
        if was_connecting:
            self._loop.call_later(_RETRY_AFTER_S, self._retry, connection)
        else:
            self._begin(connection, _clock())

    def _retry(self, connection: Connection) -> None:
        if connection.state is State.DOWN and not connection.began_ns:
            self._begin(connection, _clock())

    def _disconnect(self, connection: Connection) -> None:
        sock, connection.sock = connection.sock, None
        connection.state = State.DOWN
        connection.unsent = b""
        if sock is not None:
            del self._by_fd[sock.fileno()]
            self._poller.unregister(sock.fileno())
            sock.close()


def _kind(error: OSError) -> str:
    return _KINDS.get(error.errno or 0, "reset")
