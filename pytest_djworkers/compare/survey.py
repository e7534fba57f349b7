"""What an arm's code says of itself, before the first launch: whether the site can be set up at
all, and which migrations it ends in.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.compare.remote import ask
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.server.launch import LaunchSpec


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found."""

    leaves: tuple[tuple[str, str], ...]
    """The last migrations of each app, in order."""


def survey(spec: LaunchSpec) -> Survey:
    """Ask an arm, whose code sees the site's test databases.

    Raises ServerStartError, with the end of what it said, where it can't be set up within the
    start-up timeout.
    """
    try:
        found = ask("leaves", spec, within_s=spec.startup_timeout_s)
    except ServerStartError as error:
        raise ServerStartError(f"its site can't be set up: {error}") from None
    return Survey(tuple((app, name) for app, name in found))
