"""The sockets of an agent: connected, sent on, dropped, and polled together."""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING

from pytest_djworkers.load.connection import Connection, State
from pytest_djworkers.load.poller import READ, WRITE, make_poller
from pytest_djworkers.load.route import PLAIN, Route
from pytest_djworkers.system.tcp_info import unacknowledged

if TYPE_CHECKING:
    from pytest_djworkers.load.tls import TlsClient

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""The value of SO_LINGER: on, for 0 seconds."""
_KINDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "connect timeout",
    errno.EAGAIN: "backlog full",
    errno.EADDRNOTAVAIL: "no free port",
    errno.EPROTO: "TLS error",
    errno.EMFILE: "no free descriptor",
    errno.ENFILE: "no free descriptor",
}


class Sockets:
    """Sockets to one address. A method that fails returns the kind of the error in words."""

    def __init__(self, address: tuple[str, int], route: Route = PLAIN) -> None:
        self._address: tuple[str, int] | str = route.unix_socket or address
        self._family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        if route.unix_socket:
            self._family = socket.AF_UNIX
        self._tls: TlsClient | None = None
        if route.trust is not None:
            # Only bursts over TLS wait for it.
            from pytest_djworkers.load.tls import TlsClient

            self._tls = TlsClient(route.trust)
        self._poller = make_poller()
        self.fileno = self._poller.fileno
        self.poll = self._poller.poll
        self.by_fd: dict[int, Connection] = {}

    def connect(self, connection: Connection) -> str | None:
        """Begin to connect. The socket can be written to when something has come of it."""
        connection.unsent = b""
        connection.has_responded = False
        connection.state = State.CONNECTING
        try:
            sock = socket.socket(self._family)
        except OSError as error:
            return _KINDS.get(error.errno or 0, "connect failed")
        sock.setblocking(False)
        if self._family != socket.AF_UNIX:
            _set_up_tcp(sock)
        if self._tls is None:
            connection.attach(sock)
        else:
            sock = self._tls.attach(connection, sock)
        self.by_fd[sock.fileno()] = connection
        self._poller.register(sock.fileno(), WRITE)
        result = sock.connect_ex(self._address)
        if result in {0, errno.EINPROGRESS}:
            return None
        return _KINDS.get(result, "connect failed")

    def connected(self, connection: Connection) -> str | None:
        """Return the kind of error that connecting ended with; None if it has not failed.

        Over TLS it may go on, with the next step of the handshake; then the state stays the same.
        """
        sock = connection.sock
        assert sock is not None
        if result := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return _KINDS.get(result, "connect failed")
        waits_for = 0
        if self._tls is not None:
            try:
                waits_for = self._tls.handshake(sock)
            except OSError as error:
                return self._tls.failure(error)
        self._poller.modify(sock.fileno(), waits_for or READ)
        if not waits_for:
            connection.state = State.IDLE
        return None

    def send(self, connection: Connection, data: bytes | memoryview) -> str | None:
        """Send what the socket takes now, and the rest when it can be written to again."""
        try:
            sent = connection.send(data)
        except OSError as error:
            return self.not_sent(connection, data, error)
        self.sent(connection, data, sent)
        return None

    def sent(self, connection: Connection, data: bytes | memoryview, count: int) -> None:
        """Note that this number of bytes was sent, and wait for the socket to take the rest."""
        assert connection.sock is not None
        was_sending = connection.state is State.SENDING
        connection.unsent = data[count:]
        connection.state = State.SENDING if connection.unsent else State.WAITING
        # The poller is told only if something changes: the call costs as much as a send.
        if was_sending != bool(connection.unsent):
            self._poller.modify(connection.sock.fileno(), READ if was_sending else READ | WRITE)

    def not_sent(
        self, connection: Connection, data: bytes | memoryview, error: OSError
    ) -> str | None:
        """Return the kind of error of a send that failed; None if the socket is only full."""
        if not isinstance(error, BlockingIOError):
            return kind_of(error)
        self.sent(connection, data, 0)
        return None

    def can_have_been_read(self, connection: Connection, sent: int) -> bool:
        """Return True if the server may have read some of the last ``sent`` bytes.

        It has closed the connection. If its kernel acknowledged none of the bytes, it has not.
        """
        # A close acknowledges all that had come by then. It is a FIN if the server had read all of
        # that: so a request that the FIN does not acknowledge came too late. If something lay
        # unread, it is a reset (tcp_close() in Linux's net/ipv4/tcp.c; RFC 2525, section 2.17),
        # which acknowledges nothing. Each request is acknowledged after 40 ms in any case, so one
        # that is not lay there for less, unread. The only server that can't be told from that reads
        # a request and at once resets the connection on purpose (SO_LINGER of 0).
        sock = connection.sock
        lost = None if sock is None else unacknowledged(sock)
        # The kernel counts what was encrypted, in whole records, after a handshake that is long
        # since acknowledged.
        least = sent if self._tls is None else self._tls.encrypted_size(sent)
        return lost is None or lost < least

    def drop(self, connection: Connection) -> None:
        """Close the socket, if there is one."""
        sock, connection.sock = connection.sock, None
        connection.state = State.DOWN
        connection.unsent = b""
        if sock is not None:
            # Before the close: the number may be that of the next socket at once.
            del self.by_fd[sock.fileno()]
            self._poller.unregister(sock.fileno())
            sock.close()

    def close(self) -> None:
        """Stop polling. Every connection must have been dropped before."""
        self._poller.close()


def _set_up_tcp(sock: socket.socket) -> None:
    # A request must not wait for the acknowledgement of the last one (Nagle's algorithm).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Closing sends a reset instead of a FIN, so that no port stays in TIME_WAIT for a minute:
    # over many bursts there would be none left.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


def kind_of(error: OSError) -> str:
    """Return the kind of error that an error of a connected socket counts as."""
    return _KINDS.get(error.errno or 0, "reset")
