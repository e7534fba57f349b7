"""The figures of one window as one agent counted them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.part_report import PartReport


@dataclass(frozen=True, slots=True)
class AgentReport:
    """One agent's part of a burst's figures, as it travels to the pytest process.

    Histograms of times are pairs of microseconds and counts. Series have one count per interval of
    ``SERIES_INTERVAL_S``, for the time that the window was open.
    """

    requested: int
    """The number of connections that the agent was to open."""
    opened: int
    closed_idle: int
    resent: int
    reconnects: int
    parts: list[PartReport]
    """The counts of each part of the burst, in the profile's order; there is at least one."""
    lag: Pairs
    """The histogram of the times that responses waited for the agent to turn to them."""
    requests: list[int]
    errors: list[int]
    outstanding: list[int]
    gaps: list[tuple[int, int]]
    """The times without any response, as nanoseconds since the window began."""
    per_connection: list[int]
    """The number of responses that each connection got in the window."""
    served: int
    connect_max_s: float
    in_service_s: float
    """The sum of the requests' times from their beginning until the agent handled the response."""
    began_at: float
    """The beginning of the window in Unix time."""
    window_s: float
    cpu_s: float
    stopped_s: float
    """The time for which the agent did not run though it was its turn, in seconds."""
    machine_speed: float | None = None
    """The speed of the machine's CPUs while the window was open; see ``MachineSpeed``."""
    thinking_s: float = 0.0
    """The sum of the times that connections waited for their next request, by the think time."""
    not_asked: int = 0
    """The number of connections of which nobody can know if they would be served, since their first
    request was due after the window, or is younger than the timeout; 0 without a think time."""
    cpus: float = 1.0
    """The part of a CPU that one process can keep busy on the agent's machine, at most 1."""
    stages: list[PartReport] = field(default_factory=list)
    """The counts of each stage, all parts together; empty if the load does not change."""

    @property
    def counts(self) -> PartReport:
        """The counts of all parts together."""
        return PartReport.sum(self.parts)
