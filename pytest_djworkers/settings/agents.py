"""Checks of agents on other machines: against other options, and against what they can reach."""

from __future__ import annotations

import importlib.util
import ipaddress

from pytest_djworkers.compare.flags import ComparisonFlags
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.load.agent_places import AgentPlaces
from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.server.origin import Origin
from pytest_djworkers.settings.values import Value


def checked_agents(
    agents: Value, *, generator: str, origin: Origin | None, comparison: ComparisonFlags | None
) -> AgentPlaces:
    """Return the places of agents. Raises SettingsError if a run like this can't have some."""
    places: AgentPlaces = agents.parsed
    if places.remote and (reason := _why_not(places, generator, origin, comparison)):
        raise SettingsError(f"{agents.place}: {reason}")
    return places


def _why_not(
    places: AgentPlaces, generator: str, origin: Origin | None, comparison: ComparisonFlags | None
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
    if places.elsewhere and not _can_be_reached(origin):
        return (
            f"{places.elsewhere[0]} can't reach a server that listens on this machine's loopback"
            " address: name one that runs on the network with --djworkers-url=http://HOST:PORT and"
            " --djworkers-allow-host=HOST"
        )
    return None


def _can_be_reached(origin: Origin | None) -> bool:
    """Return True if the server under test has an address that leads to it from other machines."""
    return origin is not None and not all(
        ipaddress.ip_address(host).is_loopback for host, _ in origin.addresses
    )
