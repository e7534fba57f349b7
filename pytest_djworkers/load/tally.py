"""The count of one window by class, and the report that an agent makes of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.histogram import Counts
from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.part_tally import US_PER_NS, PartTally
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.response_gaps import ResponseGaps
from pytest_djworkers.load.so_far import SoFar

SERIES_INTERVAL_S = 0.1
_INTERVAL_NS = 100_000_000


class Tally:
    """Counts requests by the class that they end in (see ``result``).

    A burst counts what ends in its window. With ``drains``, every request that was sent in the
    window counts, whenever it ends: all that end from the beginning of the window on are such.

    Each request belongs to one of ``parts``, of which a plain burst has one. What ends is counted
    there and, for the series and the time in service, here.

    Times are nanoseconds of the monotonic clock. The hot path calls ``expected_responses`` once a
    batch, and for each response of the window it appends the latency to ``samples_us`` of its part
    and the lag to ``lags_us``, in microseconds; ``fold`` counts them later, many at a time.
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
        timeout_ns = round(profile.shape.timeout_s * 1e9)
        self.parts = tuple(PartTally(timeout_ns) for _ in profile.all_parts)
        self.closed_idle = self.resent = self.reconnects = 0
        self.lags_us = array("d")
        self._in_service_ns = 0.0
        self._thinking_ns = 0
        self._lag = Counts()
        intervals = _intervals(duration_ns)
        self._requests = [0] * intervals
        self._errors = [0] * intervals
        self._outstanding: list[int] = []
        self._gaps = ResponseGaps(begin_ns, self.end_ns)

    def counts(self, now_ns: int) -> bool:
        """Return True if what happens now counts. The end of a window is not a part of it."""
        return self.begin_ns <= now_ns and (now_ns < self.end_ns or self._drains)

    def expected_responses(self, part: PartTally, count: int, status: int, now_ns: int) -> None:
        """Count expected responses of a part that came at once, all with this status."""
        if not self.counts(now_ns):
            part.outside += count
            return
        part.statuses[status] += count
        if now_ns >= self.end_ns:
            part.after_window += count
        self.responses_came(count, now_ns)

    def responses_came(self, count: int, now_ns: int) -> None:
        """Note expected responses that came at once, and count, whatever part they are of."""
        if now_ns < self.end_ns:
            self._requests[(now_ns - self.begin_ns) // _INTERVAL_NS] += count
            self._gaps.response_at(now_ns)
            # Asked here, since a burst calls this for each batch, and never closes early.
            if self._early_close is not None:
                self._close_if_enough(count, now_ns)
        else:
            # Their samples have the time since the end of the window, too.
            self._in_service_ns -= count * (now_ns - self.end_ns)

    def heard(self, now_ns: int) -> None:
        """Note that a piece of a stream came."""
        if self.begin_ns <= now_ns < self.end_ns:
            self._gaps.response_at(now_ns)

    def stream_ended(self, part: PartTally, status: int, came_ns: int) -> bool:
        """Count an expected stream by the time of its first event; return True if it counts."""
        if not self.counts(came_ns):
            part.outside += 1
            return False
        part.statuses[status] += 1
        self._requests[(came_ns - self.begin_ns) // _INTERVAL_NS] += 1
        return True

    def give_up(self, part: PartTally, began_ns: int, now_ns: int, first_byte_ns: int) -> None:
        """Count a stream that had no event in its time, however short that was."""
        if self.counts(now_ns):
            age_ns = now_ns - began_ns
            part.leave(began_ns, age_ns, may_be_young=False, first_byte_ns=first_byte_ns)
        else:
            part.outside += 1

    def unexpected_response(
        self, part: PartTally, status: int, began_ns: int, now_ns: int, lag_ns: int
    ) -> None:
        """Count a complete response with another status, or with a wrong body."""
        if not self.counts(now_ns):
            part.outside += 1
            return
        part.unexpected += 1
        part.statuses[status] += 1
        self.lags_us.append(lag_ns * US_PER_NS)
        if now_ns < self.end_ns:
            self._gaps.response_at(now_ns)
        self._error_at(now_ns, began_ns)

    def failure(self, part: PartTally, kind: str, began_ns: int, now_ns: int) -> None:
        """Count a request that failed with this kind of error."""
        if not self.counts(now_ns):
            part.outside += 1
            return
        part.error += 1
        part.error_kinds[kind] += 1
        self._error_at(now_ns, began_ns)

    def leave(self, part: PartTally, began_ns: int, now_ns: int, *, first_byte_ns: int = 0) -> None:
        """Count a request that has no whole response, now that nobody waits any longer.

        ``first_byte_ns`` is the time of its first byte, if that has come.
        """
        # Its age is the least that its latency would have been. A drain lasts for the timeout at
        # least.
        part.leave(
            began_ns,
            now_ns - began_ns,
            may_be_young=not self._drains,
            first_byte_ns=first_byte_ns,
        )

    def take_off(self, ages_ns: Iterable[int]) -> None:
        """Take off the time in service before the window of requests that ended in it.

        Their latency is the whole time; only what the connections did in the window is shorter.
        """
        self._in_service_ns -= sum(ages_ns)

    def thought(self, since_ns: int, until_ns: int) -> None:
        """Note that a connection has waited for its next request; only the window's part counts."""
        within_ns = min(until_ns, self.end_ns) - max(since_ns, self.begin_ns)
        self._thinking_ns += max(0, within_ns)

    def note_outstanding(self, count: int) -> None:
        """Note the number of requests without a response that are sent or due by now."""
        self._outstanding.append(count)

    def fold(self) -> None:
        """Turn samples into counts, so that memory does not grow with the burst."""
        lags = self.lags_us
        samples_us = sum(part.fold() for part in self.parts)
        self._in_service_ns += (samples_us + sum(lags)) / US_PER_NS
        self._lag.add(lags)
        # Emptied in place: the hot path holds a reference to its append method.
        del lags[:]

    def so_far(self, now_ns: int) -> SoFar:
        """Return what is folded by now, while the window is open."""
        latency: Counter[int] = Counter()
        for part in self.parts:
            latency.update(dict(part.coarse_latency()))
        return SoFar(
            (now_ns - self.begin_ns) / 1e9,
            sum(part.ok + part.late for part in self.parts),
            sum(part.unexpected + part.error for part in self.parts),
            sorted(latency.items()),
        )

    def whole(self) -> PartReport:
        """Return the counts of all parts together, up to now."""
        self.fold()
        return PartReport.sum([part.report() for part in self.parts])

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
        not_asked: int = 0,
    ) -> AgentReport:
        """Return the report; ``connections`` has, for each, if it was ever served and how often.

        ``not_asked`` is as in ``AgentReport``.
        """
        self.fold()
        # A window that closed early has a shorter series.
        intervals = _intervals(self.end_ns - self.begin_ns)
        return AgentReport(
            requested=len(connections),
            opened=opened,
            closed_idle=self.closed_idle,
            resent=self.resent,
            reconnects=self.reconnects,
            parts=[part.report() for part in self.parts],
            lag=Pairs.of(self._lag.items()),
            requests=self._requests[:intervals],
            errors=self._errors[:intervals],
            outstanding=self._outstanding,
            gaps=self._gaps.until(self.end_ns),
            per_connection=[count for _, count in connections],
            served=sum(was_served for was_served, _ in connections),
            connect_max_s=connect_max_ns / 1e9,
            in_service_s=(self._in_service_ns + self._left_in_service_ns()) / 1e9,
            thinking_s=self._thinking_ns / 1e9,
            not_asked=not_asked,
            began_at=began_at,
            window_s=(self.end_ns - self.begin_ns) / 1e9,
            cpu_s=cpu_s,
            stopped_s=stopped_s,
            machine_speed=machine_speed,
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
        return sum(part.left_in_service_ns(self.begin_ns, self.end_ns) for part in self.parts)


def _intervals(duration_ns: int) -> int:
    """Return the number of intervals of a series, the last of which may be shorter."""
    return -(-duration_ns // _INTERVAL_NS)
