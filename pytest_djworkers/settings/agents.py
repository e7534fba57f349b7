"""Checks of agents on other machines: against other options, and against what they can reach."""

from __future__ import annotations

import importlib.util
import ipaddress
from collections.abc import Collection

from pytest_djworkers.compare.flags import ComparisonFlags
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.load.agent_places import AgentPlaces
from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.settings.values import Value


def checked_agents(
    agents: Value, *, generator: str, addresses: Collection[str], comparison: ComparisonFlags | None
) -> AgentPlaces:
    """Return the places of agents. Raises SettingsError if a run like this can't have some.

    ``addresses`` are those that the server under test may have.
    """
    places: AgentPlaces = agents.parsed
    if places.remote and (reason := _why_not(places, generator, addresses, comparison)):
        raise SettingsError(f"{agents.place}: {reason}")
    return places


def _why_not(
    places: AgentPlaces,
    generator: str,
    addresses: Collection[str],
    comparison: ComparisonFlags | None,
) -> str | None:
    """Return why a run can't have these agents behind gateways, in words; None if it can."""
    if generator == WRK:
        return (
            "only the built-in generator has agents behind gateways: use"
            " --djworkers-generator=asyncio, or a number of agents"
        )
    if comparison is not None:
        return (
            "a comparison fires with one agent on this machine, next to both servers: use"
            " --djworkers-agents=1 with it"
        )
    if importlib.util.find_spec("execnet") is None:
        return "agents behind gateways need execnet: pip install 'pytest-djworkers[agents]'"
    if places.elsewhere and all(ipaddress.ip_address(one).is_loopback for one in addresses):
        return (
            f"{places.elsewhere[0]} can't reach a server that listens on this machine's loopback"
            " address: serve the site at another one with --djworkers-bind=ADDRESS, or name a"
            " server on the network with --djworkers-url; allow either with --djworkers-allow-host"
        )
    return None
