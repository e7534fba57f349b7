"""What one agent counts while a burst runs, and the report it makes of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.histogram import Counts
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.load.response_gaps import ResponseGaps

SERIES_INTERVAL_S = 0.1
US_PER_NS = 1e-3
_INTERVAL_NS = 100_000_000


class Tally:
    """Counts by class. Times are nanoseconds of the monotonic clock.

    The hot path appends to ``samples_us`` and ``lags_us`` itself: the latency and the lag of each
    expected answer of the window in microseconds, and tells ``batch`` how many there were.
    """

    def __init__(self, profile: Profile, early_close: EarlyClose | None = None) -> None:
        self._early_close = early_close
        self._answers = 0
        self._timeout_ns = round(profile.shape.timeout_s * 1e9)
        self._duration_ns = round(profile.shape.duration_s * 1e9)
        self.begin_ns = 0
        self.end_ns = 0
        self.ok = self.late = self.unexpected = self.error = 0
        self.unanswered = self.in_flight = self.outside = 0
        self.closed_idle = self.resent = self.reconnects = self.wrong_bodies = 0
        self.statuses: Counter[int] = Counter()
        self.error_kinds: Counter[str] = Counter()
        self.first_unexpected = b""
        """The beginning of the window's first unexpected response, as received."""
        self.samples_us = array("d")
        self.lags_us = array("d")
        self._in_service_ns = 0.0
        self._longest_ns = 0.0
        self._left_ns: list[int] = []
        self._latency = Counts()
        self._lag = Counts()
        intervals = -(-self._duration_ns // _INTERVAL_NS)
        self._requests = [0] * intervals
        self._errors = [0] * intervals
        self._outstanding: list[int] = []
        self._gaps = ResponseGaps(0, 0)

    def open_window(self, begin_ns: int) -> None:
        """Count from here."""
        self.begin_ns = begin_ns
        self.end_ns = begin_ns + self._duration_ns
        self._gaps = ResponseGaps(begin_ns, self.end_ns)

    def began_before(self, ages_ns: Iterable[int]) -> None:
        """So long have requests been in service when the window began that were answered in it:
        time in service, but none of the window's."""
        self._in_service_ns -= sum(ages_ns)

    def in_window(self, now_ns: int) -> bool:
        """Whether what happens now counts."""
        return self.begin_ns <= now_ns < self.end_ns

    def batch(self, answers: int, status: int, now_ns: int) -> None:
        """So many expected answers came at once, all with this status."""
        if self.in_window(now_ns):
            self.statuses[status] += answers
            self._requests[(now_ns - self.begin_ns) // _INTERVAL_NS] += answers
            self._gaps.answered(now_ns)
            self._close_if_enough(answers, now_ns)
        else:
            self.outside += answers

    def _close_if_enough(self, answers: int, now_ns: int) -> None:
        """Close the window right behind these answers, the last that it takes."""
        early_close = self._early_close
        if early_close is None:
            return
        self._answers += answers
        if (
            self._answers >= early_close.responses
            and now_ns - self.begin_ns >= early_close.after_s * 1e9
        ):
            self.end_ns = now_ns + 1

    def unexpected_response(self, status: int, began_ns: int, now_ns: int, lag_ns: int) -> None:
        """Count a complete answer that is not an expected one."""
        if not self.in_window(now_ns):
            self.outside += 1
            return
        self.unexpected += 1
        self.statuses[status] += 1
        self.lags_us.append(lag_ns * US_PER_NS)
        self._in_service_ns += now_ns - began_ns
        self._errors[(now_ns - self.begin_ns) // _INTERVAL_NS] += 1
        self._gaps.answered(now_ns)
        self._close_if_enough(1, now_ns)

    def failure(self, kind: str, began_ns: int, now_ns: int) -> None:
        """Count a request that failed."""
        if not self.in_window(now_ns):
            self.outside += 1
            return
        self.error += 1
        self.error_kinds[kind] += 1
        self._in_service_ns += now_ns - began_ns
        self._errors[(now_ns - self.begin_ns) // _INTERVAL_NS] += 1
        self._close_if_enough(1, now_ns)

    def leave(self, began_ns: int) -> None:
        """Count a request that the end of the window found without an answer."""
        age = self.end_ns - began_ns
        self._left_ns.append(age)
        if age > self._timeout_ns:
            self.unanswered += 1
            self._latency.add([age * US_PER_NS])
        else:
            self.in_flight += 1

    def fold(self) -> None:
        """Turn samples into counts, so that memory does not grow with the burst."""
        samples, lags = self.samples_us, self.lags_us
        longest_us, timeout_us = max(samples, default=0.0), self._timeout_ns * US_PER_NS
        self._longest_ns = max(self._longest_ns, longest_us / US_PER_NS)
        if longest_us > timeout_us:
            late = sum(sample > timeout_us for sample in samples)
            self.late += late
            self.ok -= late
        self.ok += len(samples)
        self._in_service_ns += (sum(samples) + sum(lags)) / US_PER_NS
        self._latency.add(samples)
        self._lag.add(lags)
        del samples[:], lags[:]

    def look(self, outstanding: int) -> None:
        """So many requests that should have been sent by now are without an answer."""
        self._outstanding.append(outstanding)

    def _left_in_service_ns(self) -> int:
        """Of what the window's end found without an answer; but not of requests that have waited
        for longer than any that was answered: nobody may have turned to those.

        Left out, a view of 3.7 s would seem to starve connections in a window of 10 s, in which
        each of them gets two answers.
        """
        window_ns = self.end_ns - self.begin_ns
        return sum(min(age, window_ns) for age in self._left_ns if age <= self._longest_ns)

    def report(
        self,
        *,
        opened: int,
        connect_max_ns: int,
        began_at: float,
        cpu_s: float,
        stopped_s: float,
        answered: Iterable[tuple[bool, int]],
    ) -> AgentReport:
        """The whole; ``answered`` says for each connection whether it was ever served, and
        how many answers it got in the window."""
        self.fold()
        connections = list(answered)
        intervals = -(-(self.end_ns - self.begin_ns) // _INTERVAL_NS)
        return AgentReport(
            requested=len(connections),
            opened=opened,
            ok=self.ok,
            late=self.late,
            unexpected=self.unexpected,
            error=self.error,
            unanswered=self.unanswered,
            in_flight=self.in_flight,
            outside=self.outside,
            closed_idle=self.closed_idle,
            resent=self.resent,
            reconnects=self.reconnects,
            wrong_bodies=self.wrong_bodies,
            statuses=dict(sorted(self.statuses.items())),
            error_kinds=dict(sorted(self.error_kinds.items())),
            latency=self._latency.items(),
            lag=self._lag.items(),
            requests=self._requests[:intervals],
            errors=self._errors[:intervals],
            outstanding=self._outstanding,
            gaps=self._gaps.whole(self.end_ns),
            per_connection=[count for _, count in connections],
            served=sum(served for served, _ in connections),
            connect_max_s=connect_max_ns / 1e9,
            in_service_s=(self._in_service_ns + self._left_in_service_ns()) / 1e9,
            began_at=began_at,
            window_s=(self.end_ns - self.begin_ns) / 1e9,
            cpu_s=cpu_s,
            stopped_s=stopped_s,
            first_unexpected=ResponseExcerpt.of(self.first_unexpected),
        )
