"""Connections to a server on the route that leads to it: in the clear, or over TLS."""

from __future__ import annotations

import socket
import ssl

from pytest_djworkers.load.route import Route, Trust
from pytest_djworkers.server.response_errors import NoResponseError, UnreadableError
from pytest_djworkers.system.unpatched_sockets import open_connection

_ADVICE = (
    ": it must be signed by an authority that this system trusts, or that the file has which the"
    " environment variable SSL_CERT_FILE names"
)
_PLAIN_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
"""The reasons that OpenSSL gives for bytes that are no TLS."""


def connect(address: tuple[str, int], route: Route, within_s: float) -> socket.socket:
    """Return a new connection, over which a request can be sent.

    Raises OSError if nobody accepts it, and as ``encrypted`` does.
    """
    connection = open_connection(route.unix_socket or address, within_s)
    return connection if route.trust is None else encrypted(connection, route.trust)


def encrypted(connection: socket.socket, trust: Trust) -> ssl.SSLSocket:
    """Return a connection as one that speaks TLS, once the handshake has ended.

    Raises NoResponseError if the server closes it meanwhile, UnreadableError if the handshake
    fails, and TimeoutError.
    """
    try:
        return trust.client_context().wrap_socket(connection, server_hostname=trust.name or None)
    except ssl.SSLCertVerificationError as error:
        advice = "" if trust.authority else _ADVICE
        raise UnreadableError(
            f"a certificate that is refused ({error.verify_message}){advice}"
        ) from None
    except (ssl.SSLEOFError, ConnectionError):
        raise NoResponseError(
            "closed early: the server closed the connection in the TLS handshake"
        ) from None
    except ssl.SSLError as error:
        hint = ": the server seems to speak plain HTTP" if error.reason in _PLAIN_HTTP else ""
        raise UnreadableError(f"no TLS handshake ({error.reason}){hint}") from None
