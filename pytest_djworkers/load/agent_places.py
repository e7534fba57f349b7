"""The places of a run's agents: processes of this machine, and execnet's gateways to others."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_djworkers.units import written

_NUMBERED = re.compile(r"(?P<number>[0-9]{1,5})(\s*\*\s*(?P<spec>.*))?", re.DOTALL)
_HOST_AND_PORT = re.compile(r"[^:\s]+:[0-9]{1,5}")
_MOST = 10_000
# The keys that can be given beside each kind. execnet has more: of those, none is needed here, and
# some would make a gateway that a burst can't use.
_KINDS = {"popen": ("python",), "ssh": ("python", "ssh_config"), "socket": ()}
_ACCEPTED = (
    "accepted are a whole number of 1 or more, popen, ssh=USER@HOST and socket=HOST:PORT, each with"
    " //python=PATH (but for socket) or //ssh_config=FILE (ssh alone), and N* before it, separated"
    " by commas: 2,ssh=load@10.0.0.7//python=/venv/bin/python"
)


@dataclass(frozen=True, slots=True)
class AgentPlaces:
    """The number of agents on this machine, and the gateway of each other agent."""

    local: int = 1
    """The number of child processes of this one."""
    remote: tuple[str, ...] = ()
    """The specification of execnet's gateway for each other agent."""

    @property
    def total(self) -> int:
        """The number of all agents."""
        return self.local + len(self.remote)

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The specifications that lead to other machines, as far as they tell."""
        return tuple(spec for spec in self.remote if not spec.startswith("popen"))


def parse_agents(value: object) -> AgentPlaces:
    """Return the places in a list such as ``2,ssh=load@10.0.0.7``.

    Raises ValueError, with what is accepted.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"{written(value)} is no list of agents: {_ACCEPTED}")
    local, remote = 0, list[str]()
    for part in map(str.strip, value.split(",")):
        numbered = _NUMBERED.fullmatch(part)
        number, spec = (int(numbered["number"]), numbered["spec"]) if numbered else (1, part)
        if reason := _why_refused(number, spec):
            raise ValueError(f"{written(value)}: {reason}: {_ACCEPTED}")
        if spec is None:
            local += number
        else:
            remote += [spec] * number
    return AgentPlaces(local, tuple(remote))


def _why_refused(number: int, spec: str | None) -> str | None:
    """Return why there can't be so many agents here, or behind this gateway; None if there can."""
    if not 1 <= number <= _MOST:
        return f"{number} is no number of agents from 1 to {_MOST:,}"
    if spec is None:
        return None
    (kind, _, place), *others = (part.partition("=") for part in spec.split("//"))
    if kind not in _KINDS:
        return f"{written(kind)} is no kind of agent"
    if kind == "popen" and place:
        return "popen has no value"
    if kind != "popen" and not place.strip():
        return f"{kind}= must name a host"
    if kind == "socket" and not _HOST_AND_PORT.fullmatch(place):
        return f"socket={place} is no HOST:PORT"
    for key, _, given in others:
        if key not in _KINDS[kind]:
            return f"{written(key)} can't be given with {kind}"
        if not given.strip():
            return f"{key}= must not be empty"
    keys = [key for key, _, _ in others]
    return next((f"{key} is given twice" for key in keys if keys.count(key) > 1), None)
