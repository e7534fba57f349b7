"""The addresses of an external server, read from its URL."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from pytest_djworkers.load.route import PLAIN, Route, Trust
from pytest_djworkers.server.allowed_hosts import may_get_load

_PORTS = {"http": 80, "https": 443}
_FORM = "a URL of scheme, host and port, such as http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Origin:
    """The addresses that an external server may have, and the value of the Host header."""

    addresses: tuple[tuple[str, int], ...]
    netloc: str
    route: Route = PLAIN

    @property
    def url(self) -> str:
        """``http://host:port``, or https, without a slash at the end."""
        return f"{self.route.scheme}://{self.netloc}"

    @classmethod
    def of(cls, url: str, allowed_hosts: Collection[str]) -> Self:
        """Read a URL, and look its host up.

        Raises ValueError for another form, for a host that can't be found, and for one that is
        neither this machine nor allowed.
        """
        parts = urlsplit(url)
        try:
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            raise ValueError(f"{url!r} is not {_FORM}") from None
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"{url!r} is not {_FORM}")
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ValueError(f"host {parts.hostname!r} can't be found: {error}") from None
        hosts = [_reached_at(str(address[0])) for *_, address in found]
        if not may_get_load(parts.hostname, hosts, allowed_hosts):
            raise ValueError(
                f"{parts.hostname!r} is not this machine: say --djworkers-allow-host="
                f"{parts.hostname} if its owners agree to the load"
            )
        addresses = dict.fromkeys((host, port) for host in hosts)
        # Without a user and a password, which a Host header must not have (RFC 9110, section 7.2).
        netloc = parts.netloc.rpartition("@")[2]
        # Its certificate must be one that any client of this machine accepts.
        is_tls = parts.scheme == "https"
        route = Route(Trust(name=parts.hostname)) if is_tls else PLAIN
        return cls(tuple(addresses), netloc, route)


def _reached_at(host: str) -> str:
    """Return the address to connect to: for 0.0.0.0 and ::, which servers listen on, loopback."""
    address = ipaddress.ip_address(host)
    # ::ffff:127.0.0.1 is an IPv4 address in the notation of IPv6, and is loopback if that one is.
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"
    return str(address)
