"""Serving on a Unix socket: the options that ask for it, against what the run can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.settings.values import Value, read_switch

_FLAG = "--djworkers-unix-socket"


def checked_unix_socket(
    config: pytest.Config,
    given: Mapping[str, Value],
    *,
    has_tls: bool,
    backends: Collection[Backend],
    known: Mapping[str, Backend],
) -> bool:
    """Return True if the run's servers listen on a Unix socket.

    ``given`` are the values of all options, and ``known`` are all backends. Raises SettingsError if
    a run like this can't have one.
    """
    if not read_switch(config, _FLAG):
        return False
    # The configuration file is for other runs, too.
    if given["url"].parsed is not None and not config.getoption("djworkers_unix_socket"):
        return False
    if reason := _why_not(given, has_tls=has_tls):
        raise SettingsError(f"{_FLAG} {reason}")
    if unable := [one.about.name for one in backends if not one.about.unix_socket]:
        able = ", ".join(name for name, one in known.items() if one.about.unix_socket)
        raise SettingsError(
            f"{_FLAG}: {' and '.join(unable)} can't listen on a Unix socket; those that can are"
            f" {able}"
        )
    return True


def _why_not(given: Mapping[str, Value], *, has_tls: bool) -> str | None:
    """Return why a run with these options can't have it; None if it can."""
    for name in ("url", "bind"):
        if given[name].parsed is not None:
            return f"can't be combined with {given[name].place}, which names another address"
    if has_tls:
        return "can't be combined with --djworkers-tls: nobody speaks TLS with a Unix socket"
    if given["agents"].parsed.remote:
        return f"can't be combined with {given['agents'].place}: it can be reached from here alone"
    if given["generator"].parsed == WRK:
        return (
            f"can't be combined with {given['generator'].place}: only the built-in generator"
            " connects to one"
        )
    return None
