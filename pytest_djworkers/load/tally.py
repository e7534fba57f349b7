"""What one agent counts while a burst runs, and the report it makes of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pytest_djworkers.load.histogram import fold
from pytest_djworkers.load.profile import Profile

SERIES_INTERVAL_S = 0.1
_INTERVAL_NS = 100_000_000


@dataclass(frozen=True, slots=True)
class AgentReport:
    """One agent's share of a burst, as it travels to the pytest process."""

    asked: int
    opened: int
    ok: int
    late: int
    unexpected: int
    error: int
    unanswered: int
    in_flight: int
    outside: int
    closed_idle: int
    statuses: dict[str, int]
    error_kinds: dict[str, int]
    latency: list[tuple[int, int]]
    lag: list[tuple[int, int]]
    requests: list[int]
    errors: list[int]
    per_connection: list[int]
    served: int
    connect_max_s: float
    in_service_s: float
    """The sum over requests of the time from their beginning to when they were dealt with."""
    window_s: float
    cpu_s: float

    def to_dict(self) -> dict[str, Any]:
        """Simple types only, for JSON."""
        return asdict(self)


class Tally:
    """Counts by class. Times are nanoseconds of the monotonic clock."""

    def __init__(self, profile: Profile) -> None:
        self._request = profile.request
        self._timeout_ns = round(profile.shape.timeout_s * 1e9)
        self._duration_ns = round(profile.shape.duration_s * 1e9)
        self.begin_ns = 0
        self.end_ns = 0
        self.ok = self.late = self.unexpected = self.error = 0
        self.unanswered = self.in_flight = self.outside = self.closed_idle = 0
        self.statuses: Counter[int] = Counter()
        self.error_kinds: Counter[str] = Counter()
        self.in_service_ns = 0
        self._samples = array("Q")
        self._lags = array("Q")
        self._latency: Counter[int] = Counter()
        self._lag: Counter[int] = Counter()
        intervals = -(-self._duration_ns // _INTERVAL_NS)
        self._requests = [0] * intervals
        self._errors = [0] * intervals

    def open_window(self, begin_ns: int) -> None:
        """Count from here."""
        self.begin_ns = begin_ns
        self.end_ns = begin_ns + self._duration_ns

    def answer(self, status: int, began_ns: int, now_ns: int, handled_ns: int) -> bool:
        """Count a complete answer; whether it fell into the window.

        ``now_ns`` is when poll returned with it, ``handled_ns`` when its turn came.
        """
        if not self.begin_ns <= now_ns < self.end_ns:
            self.outside += 1
            return False
        self.statuses[status] += 1
        self.in_service_ns += handled_ns - began_ns
        self._lags.append(handled_ns - now_ns)
        interval = (now_ns - self.begin_ns) // _INTERVAL_NS
        if not self._request.expects(status):
            self.unexpected += 1
            self._errors[interval] += 1
            return True
        latency = now_ns - began_ns
        if latency > self._timeout_ns:
            self.late += 1
        else:
            self.ok += 1
        self._samples.append(latency)
        self._requests[interval] += 1
        return True

    def failure(self, kind: str, began_ns: int, now_ns: int) -> None:
        """Count a request that failed."""
        if not self.begin_ns <= now_ns < self.end_ns:
            self.outside += 1
            return
        self.error += 1
        self.error_kinds[kind] += 1
        self.in_service_ns += now_ns - began_ns
        self._errors[(now_ns - self.begin_ns) // _INTERVAL_NS] += 1

    def leave(self, began_ns: int) -> None:
        """Count a request that the end of the window found without an answer."""
        age = self.end_ns - began_ns
        if age > self._timeout_ns:
            self.unanswered += 1
            self._samples.append(age)
        else:
            self.in_flight += 1

    def fold(self) -> None:
        """Turn samples into counts, so that memory does not grow with the burst."""
        fold(self._samples, self._latency)
        fold(self._lags, self._lag)
        del self._samples[:], self._lags[:]

    def report(
        self,
        *,
        opened: int,
        connect_max_ns: int,
        cpu_s: float,
        answered: Iterable[tuple[bool, int]],
    ) -> AgentReport:
        """The whole; ``answered`` says for each connection whether it was ever served, and
        how many answers it got in the window."""
        self.fold()
        connections = list(answered)
        return AgentReport(
            asked=len(connections),
            opened=opened,
            ok=self.ok,
            late=self.late,
            unexpected=self.unexpected,
            error=self.error,
            unanswered=self.unanswered,
            in_flight=self.in_flight,
            outside=self.outside,
            closed_idle=self.closed_idle,
            statuses={str(status): count for status, count in sorted(self.statuses.items())},
            error_kinds=dict(sorted(self.error_kinds.items())),
            latency=sorted(self._latency.items()),
            lag=sorted(self._lag.items()),
            requests=self._requests,
            errors=self._errors,
            per_connection=[count for _, count in connections],
            served=sum(served for served, _ in connections),
            connect_max_s=connect_max_ns / 1e9,
            in_service_s=self.in_service_ns / 1e9,
            window_s=self._duration_ns / 1e9,
            cpu_s=cpu_s,
        )
