"""Serving over TLS: the options that ask for it, against what the run's servers can do."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.options import BY_NAME
from pytest_djworkers.settings.values import Value, read_switch

if TYPE_CHECKING:
    from pytest_djworkers.server.certificate import Certificate

_FLAG = "--djworkers-tls"


@dataclass(frozen=True, slots=True)
class ServedTls:
    """The run's servers speak TLS."""

    given: Certificate | None
    """The user's own certificate; None for one that is made for the run."""

    @property
    def shown(self) -> str:
        """The text of the header."""
        if self.given is None:
            return "over TLS (a certificate made for this run)"
        return f"over TLS (the certificate {self.given.files.certificate})"


def checked_tls(
    config: pytest.Config,
    certificate: Value,
    *,
    is_served: bool,
    backends: Iterable[Backend],
    known: Mapping[str, Backend],
) -> ServedTls | None:
    """Return how the run's servers speak TLS; None if they don't.

    ``is_served`` is False if the server was started by somebody else. ``known`` are all backends.
    Raises SettingsError if a run like this can't be over TLS.
    """
    by_flag = config.getoption("djworkers_tls") or certificate.is_flag
    if not is_served:
        if by_flag:
            raise SettingsError(
                f"{_FLAG} is for servers that this run starts: give --djworkers-url the"
                " https:// address of one that speaks TLS"
            )
        return None
    files = certificate.parsed
    if not (files or read_switch(config, _FLAG)):
        return None
    place = _FLAG if files is None else certificate.place
    if unable := [one.about.name for one in backends if not one.about.tls]:
        able = ", ".join(name for name, one in known.items() if one.about.tls)
        raise SettingsError(
            f"{place}: {' and '.join(unable)} can't serve over TLS; those that can are {able}"
        )
    if files is None:
        if importlib.util.find_spec("trustme") is None:
            raise SettingsError(
                f"{place} makes a certificate with trustme, which is not installed: pip install"
                " 'pytest-djworkers[tls]', or name a certificate of your own with"
                f" {BY_NAME['certificate'].flag}={BY_NAME['certificate'].metavar}"
            )
        return ServedTls(None)
    # Only such runs wait for it.
    from pytest_djworkers.server.certificate import given_certificate

    try:
        return ServedTls(given_certificate(*files))
    except ValueError as error:
        raise SettingsError(f"{place}: {error}") from None
