"""The part of a burst that an agent is given, and the time at which it starts."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.route import PLAIN, Route

_HANDSHAKE_S = 0.005
"""The seconds that a handshake of TLS may take: several times its CPU time on both sides."""


@dataclass(frozen=True, slots=True)
class AgentJob:
    """One agent's part of a burst. It travels to the agent as JSON."""

    profile: Profile
    address: tuple[str, int]
    host: str
    """The value of the Host header."""
    connections: int
    """The number of connections of this agent."""
    share: Share
    at_once: int
    """The number of connections that may be opening at a time."""
    drain_s: float
    """The time to wait after the window for what is in flight, in seconds; 0 for bursts, which
    leave it behind."""
    early_close: EarlyClose | None = None
    under_load: bool = False
    """True if the connections are opened one after the other under load; see ``Pool``."""
    tells: bool = False
    """True if the agent is to tell the figures so far while the window is open."""
    route: Route = PLAIN

    @property
    def handshakes_s(self) -> float:
        """The seconds that opening the connections may take longer over TLS; 0 without it."""
        return 0.0 if self.route.trust is None else self.connections * _HANDSHAKE_S


@dataclass(frozen=True, slots=True)
class StartSignal:
    """The start of a window's warm-up, the same for all agents."""

    start_ns: int
    """Nanoseconds of the machine's monotonic clock, which all processes share."""
    early_close: EarlyClose | None = None
    """The condition for this window alone; None for that of the job."""
