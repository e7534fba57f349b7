"""The address that the run's servers listen on."""

from __future__ import annotations

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.server.allowed_hosts import may_get_load
from pytest_djworkers.settings.values import Value
from pytest_djworkers.system.port import LOOPBACK


def bound_address(bind: Value, url: Value, allowed_hosts: tuple[str, ...]) -> str:
    """Return the address to serve the site at.

    Raises SettingsError for one that others reach and that isn't allowed, and if nothing is served.
    """
    address: str = bind.parsed or LOOPBACK
    # A configuration file's address can be taken back by the flag, with the default's.
    if url.parsed is not None and address != LOOPBACK:
        raise SettingsError(
            f"{bind.place} can't be combined with --djworkers-url={url.parsed}: that server has its"
            " address already"
        )
    if not may_get_load(address, [address], allowed_hosts):
        raise SettingsError(
            f"{bind.place}: everyone who reaches {address} can use the site with its test"
            f" databases while it is served: say --djworkers-allow-host={address} if they may"
        )
    return address
