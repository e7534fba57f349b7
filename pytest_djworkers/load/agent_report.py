"""The figures of one window as one agent counted them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.response_excerpt import ResponseExcerpt


@dataclass(frozen=True, slots=True)
class AgentReport:
    """One agent's part of a burst's figures, as it travels to the pytest process.

    Histograms of times are pairs of microseconds and counts. Series have one count per interval of
    ``SERIES_INTERVAL_S``, for the time that the window was open.
    """

    requested: int
    """The number of connections that the agent was to open."""
    opened: int
    ok: int
    late: int
    unexpected: int
    error: int
    unanswered: int
    in_flight: int
    outside: int
    closed_idle: int
    resent: int
    reconnects: int
    wrong_bodies: int
    statuses: dict[int, int]
    """The number of complete responses of the window by status."""
    error_kinds: dict[str, int]
    latency: Pairs
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
    first_unexpected: ResponseExcerpt | None = None
    after_window: int = 0
    """The number of expected responses, among ok and late, that came after the window closed."""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """The histogram of the expected responses' body lengths as sent: pairs of bytes and counts."""
    events: int = 0
    """The number of events that streams brought in the window."""
    first_bytes: Pairs = field(default_factory=Pairs.empty)
    """The histogram of the times until the first byte of responses in several pieces."""
    in_pieces: Pairs = field(default_factory=Pairs.empty)
    """The histogram of their latencies, which are among the others, too."""
    machine_speed: float | None = None
    """The speed of the machine's CPUs while the window was open; see ``MachineSpeed``."""
    cpus: float = 1.0
    """The part of a CPU that one process can keep busy on the agent's machine, at most 1."""
    parts: list[PartReport] = field(default_factory=list)
    """The counts of each part of the burst, in the profile's order; empty if it has one only."""
