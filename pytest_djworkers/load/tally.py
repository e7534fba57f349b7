"""The count of one window by class, and the report that an agent makes of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.body_sizes import BodySizes
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.histogram import Counts
from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.load.response_gaps import ResponseGaps
from pytest_djworkers.load.so_far import SoFar

SERIES_INTERVAL_S = 0.1
US_PER_NS = 1e-3
_INTERVAL_NS = 100_000_000


class Tally:
    """Counts requests by the class that they end in (see ``result``).

    A burst counts what ends in its window. With ``drains``, every request that was sent in the
    window counts, whenever it ends: all that end from the beginning of the window on are such.

    Times are nanoseconds of the monotonic clock. The hot path calls ``expected_responses`` once a
    batch, and for each response of the window it appends the latency to ``samples_us`` and the lag
    to ``lags_us``, in microseconds; ``fold`` counts them later, many at a time.
    """

    def __init__(
        self,
        profile: Profile,
        begin_ns: int,
        early_close: EarlyClose | None = None,
        *,
        drains: bool = False,
    ) -> None:
        duration_ns = round(profile.shape.duration_s * 1e9)
        self.begin_ns = begin_ns
        self.end_ns = begin_ns + duration_ns
        self._drains = drains
        self._early_close = early_close
        self.has_enough = False
        """True if the window has closed early."""
        self._ended = 0
        """The number of requests that ended in the window, for ``early_close``."""
        self._timeout_ns = round(profile.shape.timeout_s * 1e9)
        self.ok = self.late = self.unexpected = self.error = 0
        self.unanswered = self.in_flight = self.outside = self.after_window = 0
        self.closed_idle = self.resent = self.reconnects = self.wrong_bodies = 0
        self.statuses: Counter[int] = Counter()
        self.error_kinds: Counter[str] = Counter()
        self.first_unexpected = b""
        """The beginning of the window's first unexpected response, as received."""
        self.samples_us = array("d")
        self.lags_us = array("d")
        self.sizes = BodySizes(self.samples_us)
        self._in_service_ns = 0.0
        self._longest_ns = 0.0
        self._left_ns: list[tuple[int, int]] = []
        """The beginning and the age of each request that was left without a response."""
        self._latency = Counts()
        self._lag = Counts()
        intervals = _intervals(duration_ns)
        self._requests = [0] * intervals
        self._errors = [0] * intervals
        self._outstanding: list[int] = []
        self._gaps = ResponseGaps(begin_ns, self.end_ns)

    def counts(self, now_ns: int) -> bool:
        """Return True if what happens now counts. The end of a window is not a part of it."""
        return self.begin_ns <= now_ns and (now_ns < self.end_ns or self._drains)

    def expected_responses(self, count: int, status: int, now_ns: int) -> None:
        """Count expected responses that came at once, all with this status."""
        if not self.counts(now_ns):
            self.outside += count
            return
        self.statuses[status] += count
        if now_ns < self.end_ns:
            self._requests[(now_ns - self.begin_ns) // _INTERVAL_NS] += count
            self._gaps.response_at(now_ns)
            # Asked here, since a burst calls this for each batch, and never closes early.
            if self._early_close is not None:
                self._close_if_enough(count, now_ns)
        else:
            self.after_window += count
            # Their samples have the time since the end of the window, too.
            self._in_service_ns -= count * (now_ns - self.end_ns)

    def unexpected_response(self, status: int, began_ns: int, now_ns: int, lag_ns: int) -> None:
        """Count a complete response with another status, or with a wrong body."""
        if not self.counts(now_ns):
            self.outside += 1
            return
        self.unexpected += 1
        self.statuses[status] += 1
        self.lags_us.append(lag_ns * US_PER_NS)
        if now_ns < self.end_ns:
            self._gaps.response_at(now_ns)
        self._error_at(now_ns, began_ns)

    def failure(self, kind: str, began_ns: int, now_ns: int) -> None:
        """Count a request that failed with this kind of error."""
        if not self.counts(now_ns):
            self.outside += 1
            return
        self.error += 1
        self.error_kinds[kind] += 1
        self._error_at(now_ns, began_ns)

    def leave(self, began_ns: int, now_ns: int) -> None:
        """Count a request that has no response, now that nobody waits any longer."""
        # Its age is the least that its latency would have been.
        age = now_ns - began_ns
        self._left_ns.append((began_ns, age))
        # A drain lasts for the timeout at least.
        if self._drains or age > self._timeout_ns:
            self.unanswered += 1
            self._latency.add([age * US_PER_NS])
        else:
            self.in_flight += 1

    def take_off(self, ages_ns: Iterable[int]) -> None:
        """Take off the time in service before the window of requests that ended in it.

        Their latency is the whole time; only what the connections did in the window is shorter.
        """
        self._in_service_ns -= sum(ages_ns)

    def note_outstanding(self, count: int) -> None:
        """Note the number of requests without a response that are sent or due by now."""
        self._outstanding.append(count)

    def fold(self) -> None:
        """Turn samples into counts, so that memory does not grow with the burst."""
        samples, lags = self.samples_us, self.lags_us
        self.sizes.fold()
        longest_us, timeout_us = max(samples, default=0.0), self._timeout_ns * US_PER_NS
        self._longest_ns = max(self._longest_ns, longest_us / US_PER_NS)
        # Mostly none is late, and max() is far cheaper than a loop over all samples.
        if longest_us > timeout_us:
            late = sum(sample > timeout_us for sample in samples)
            self.late += late
            self.ok -= late
        self.ok += len(samples)
        self._in_service_ns += (sum(samples) + sum(lags)) / US_PER_NS
        self._latency.add(samples)
        self._lag.add(lags)
        # Emptied in place: the hot path holds references to their append methods.
        del samples[:], lags[:]

    def so_far(self, now_ns: int) -> SoFar:
        """Return what is folded by now, while the window is open."""
        return SoFar(
            (now_ns - self.begin_ns) / 1e9,
            self.ok + self.late,
            self.unexpected + self.error,
            self._latency.coarse(),
        )

    def report(
        self,
        *,
        opened: int,
        connect_max_ns: int,
        began_at: float,
        cpu_s: float,
        stopped_s: float,
        machine_speed: float | None,
        connections: Sequence[tuple[bool, int]],
    ) -> AgentReport:
        """Return the report; ``connections`` has, for each, if it was ever served and how often."""
        self.fold()
        # A window that closed early has a shorter series.
        intervals = _intervals(self.end_ns - self.begin_ns)
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
            latency=Pairs.of(self._latency.items()),
            lag=Pairs.of(self._lag.items()),
            requests=self._requests[:intervals],
            errors=self._errors[:intervals],
            outstanding=self._outstanding,
            gaps=self._gaps.until(self.end_ns),
            per_connection=[count for _, count in connections],
            served=sum(was_served for was_served, _ in connections),
            connect_max_s=connect_max_ns / 1e9,
            in_service_s=(self._in_service_ns + self._left_in_service_ns()) / 1e9,
            began_at=began_at,
            window_s=(self.end_ns - self.begin_ns) / 1e9,
            cpu_s=cpu_s,
            stopped_s=stopped_s,
            machine_speed=machine_speed,
            first_unexpected=ResponseExcerpt.of(self.first_unexpected),
            after_window=self.after_window,
            sizes=self.sizes.items(),
        )

    def _error_at(self, now_ns: int, began_ns: int) -> None:
        self._in_service_ns += min(now_ns, self.end_ns) - began_ns
        if now_ns < self.end_ns:
            self._errors[(now_ns - self.begin_ns) // _INTERVAL_NS] += 1
            self._close_if_enough(1, now_ns)

    def _close_if_enough(self, count: int, now_ns: int) -> None:
        """End the window right behind the requests that end now, if it has enough with them."""
        if self._early_close is None:
            return
        self._ended += count
        open_for_ns = now_ns - self.begin_ns
        if (
            self._ended >= self._early_close.responses
            and open_for_ns >= self._early_close.after_s * 1e9
        ):
            # The end is not a part of the window, and these requests are.
            self.end_ns = now_ns + 1
            self.has_enough = True

    def _left_in_service_ns(self) -> int:
        """Return the time in service, within the window, of requests that got no response.

        Those that waited longer than any with a response are left out, since the server may never
        have turned to them. All left out, a view of 3.7 s would seem to starve connections in a
        window of 10 s, in which each of them gets two responses.
        """
        window_ns = self.end_ns - self.begin_ns
        return sum(
            min(self.end_ns - began_ns, window_ns)
            for began_ns, age in self._left_ns
            if age <= self._longest_ns
        )


def _intervals(duration_ns: int) -> int:
    """Return the number of intervals of a series, the last of which may be shorter."""
    return -(-duration_ns // _INTERVAL_NS)
