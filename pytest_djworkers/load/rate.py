"""The times at which requests are planned at a fixed rate, whatever the server does meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """One agent's part of what several agents do together: number ``index`` of ``of``."""

    index: int = 0
    of: int = 1


class FixedRate:
    """The planned times of one agent's requests, one after the other.

    The agents' times interleave evenly. Times are nanoseconds of the monotonic clock. The rate is
    in requests per second, of all agents together.
    """

    def __init__(self, rate: float, share: Share, start_ns: int, end_ns: int) -> None:
        self._interval_ns = share.of * 1e9 / rate
        self._first_ns = start_ns + share.index * 1e9 / rate
        self._end_ns = end_ns
        self._taken = 0

    @property
    def next_ns(self) -> int | None:
        """The next time that has not been taken; None when all are."""
        # Computed from the first: intervals that are added up would add up their rounding, too.
        planned = round(self._first_ns + self._taken * self._interval_ns)
        return planned if planned < self._end_ns else None

    def take(self, now_ns: int) -> int | None:
        """Take the next time and return it; None if it has not come yet."""
        planned = self.next_ns
        if planned is None or planned > now_ns:
            return None
        self._taken += 1
        return planned

    def overdue(self, now_ns: int) -> int:
        """Return the number of times that have come and were not taken."""
        until = min(now_ns, self._end_ns - 1)
        come = int((until - self._first_ns) // self._interval_ns) + 1
        return max(0, come - self._taken)

    def left(self) -> Iterator[int]:
        """Take and yield all times that are left."""
        while (planned := self.take(self._end_ns)) is not None:
            yield planned


class StagedRate:
    """The planned times of an agent's requests at rates that follow each other.

    Each rate plans its own times, from its first request at its beginning on.
    """

    def __init__(self, rates: Sequence[FixedRate]) -> None:
        self._rates = rates

    @property
    def next_ns(self) -> int | None:
        """The next time that has not been taken; None when all are."""
        return next((one.next_ns for one in self._rates if one.next_ns is not None), None)

    def take(self, now_ns: int) -> int | None:
        """Take the next time and return it; None if it has not come yet."""
        return next((one for rate in self._rates if (one := rate.take(now_ns)) is not None), None)

    def overdue(self, now_ns: int) -> int:
        """Return the number of times that have come and were not taken."""
        return sum(one.overdue(now_ns) for one in self._rates)

    def left(self) -> Iterator[int]:
        """Take and yield all times that are left."""
        for one in self._rates:
            yield from one.left()


Plan = FixedRate | StagedRate
"""The planned times of an agent's requests."""
