"""TLS on an agent's connections: the handshake in steps, and reading and sending without waiting.

Each method raises what a socket's own would: BlockingIOError if it would have to wait, and another
OSError if the connection is of no more use.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable

from pytest_djworkers.load.connection import Connection
from pytest_djworkers.load.poller import READ, WRITE
from pytest_djworkers.load.route import Trust

_RECORD = 16_384
"""The number of bytes that a record holds at most."""
_LEAST_ADDED = 21
"""The number of bytes by which each record is longer than what it holds, at least: its header and
the tag that protects it (RFC 8446, section 5.2, and RFC 5246, section 6.2.3.3)."""
_WAIT = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class TlsClient:
    """Speaks TLS on the connections of one agent.

    Each has a handshake of its own: no session is resumed, as if each were another client's.
    """

    def __init__(self, trust: Trust) -> None:
        self._context = trust.client_context()
        self._name = trust.name or None

    def attach(self, connection: Connection, sock: socket.socket) -> ssl.SSLSocket:
        """Make a connection use a socket that isn't connected yet; return what it became."""
        wrapped = self._context.wrap_socket(
            sock, server_hostname=self._name, do_handshake_on_connect=False
        )
        connection.sock = wrapped
        connection.receive = _receiver(wrapped)
        connection.send = _sender(wrapped)
        return wrapped

    def handshake(self, sock: socket.socket) -> int:
        """Go on with the handshake; return what the poller must wait for, or 0 if it has ended.

        Raises OSError if it failed.
        """
        assert isinstance(sock, ssl.SSLSocket)
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        return 0

    def encrypted_size(self, count: int) -> int:
        """Return the number of bytes that so many become at least when they are sent."""
        return count + -(-count // _RECORD) * _LEAST_ADDED

    def failure(self, error: OSError) -> str:
        """Return the kind of error that a handshake ended with, in words."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return "certificate refused"
        return "TLS handshake failed"


def _receiver(sock: ssl.SSLSocket) -> Callable[[bytearray], int]:
    """Return what stands for the socket's ``recv_into``."""
    read = sock.read

    def receive(buffer: bytearray) -> int:
        # A buffer that holds a whole record (16 KiB) leaves nothing in OpenSSL's own, which the
        # poller would not see: it reads no further than the record that was asked for.
        try:
            return read(len(buffer), buffer)  # type: ignore[return-value]  # the number of bytes
        except _WAIT:
            raise BlockingIOError from None
        except ssl.SSLError as error:
            raise OSError(errno.EPROTO, str(error)) from None

    return receive


def _sender(sock: ssl.SSLSocket) -> Callable[[bytes | memoryview], int]:
    """Return what stands for the socket's ``send``."""
    write = sock.send

    def send(data: bytes | memoryview) -> int:
        try:
            return write(data)
        except _WAIT:
            raise BlockingIOError from None
        except ssl.SSLError as error:
            raise OSError(errno.EPROTO, str(error)) from None

    return send
