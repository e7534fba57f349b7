"""The way to a server besides its address: in the clear or over TLS, by TCP or a Unix socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificates that a client accepts."""

    authority: str = ""
    """The certificate that a server must have, or that must have signed the server's, as PEM text;
    empty for those that the client's system trusts."""
    name: str = ""
    """The name or the address that the certificate must be for; empty for any."""

    def client_context(self) -> ssl.SSLContext:
        """Return the settings of TLS for a client that accepts these."""
        # Only runs over TLS wait for it.
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = bool(self.name)
        if self.authority:
            context.load_verify_locations(cadata=self.authority)
            # A server's own certificate is good enough, without those above it.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        else:
            context.load_default_certs()
        # Without ALPN, no server may choose HTTP/2 (RFC 9113, section 3.2).
        return context


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a server."""

    trust: Trust | None = None
    """The certificates to accept over TLS; None without TLS."""
    unix_socket: str = ""
    """The path of the Unix socket to connect to, in place of the address; empty for TCP."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that every request must have, unless it has its own: those of the site's proxy."""

    @property
    def scheme(self) -> str:
        """The scheme of URLs that lead to the server."""
        return "http" if self.trust is None else "https"


PLAIN = Route()
"""TCP, in the clear."""
