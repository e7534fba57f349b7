"""The hosts that load is sent to: this machine, and those that the user has named."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection


def may_get_load(host: str, addresses: Collection[str], allowed_hosts: Collection[str]) -> bool:
    """Return True if a host with these addresses is reached by this machine alone, or is named by
    ``--djworkers-allow-host``."""
    only_here = all(ipaddress.ip_address(address).is_loopback for address in addresses)
    return only_here or host in allowed_hosts
