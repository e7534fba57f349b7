"""When requests begin at a fixed rate, whether or not anybody is there to answer them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """One agent's part of what several agents do together: number ``index`` of ``of``."""

    index: int = 0
    of: int = 1


class FixedRate:
    """The moments at which an agent's requests are planned, one after the other.

    The agents' moments interleave evenly. Times are nanoseconds of the monotonic clock, the
    rate is all agents' together, in requests a second.
    """

    def __init__(self, rate: float, share: Share, start_ns: int, end_ns: int) -> None:
        self._interval_ns = share.of * 1e9 / rate
        self._first_ns = start_ns + share.index * 1e9 / rate
        self._end_ns = end_ns
        self._taken = 0

    @property
    def next_ns(self) -> int | None:
        """The next moment that nobody took; None at the end."""
        moment = round(self._first_ns + self._taken * self._interval_ns)
        return moment if moment < self._end_ns else None

    def take(self, now_ns: int) -> int | None:
        """The next moment, if it has come."""
        moment = self.next_ns
        if moment is None or moment > now_ns:
            return None
        self._taken += 1
        return moment

    def overdue(self, now_ns: int) -> int:
        """How many moments have come and were not taken."""
        until = min(now_ns, self._end_ns - 1)
        come = int((until - self._first_ns) // self._interval_ns) + 1
        return max(0, come - self._taken)

    def left(self) -> Iterator[int]:
        """Take all that is left until the end."""
        while (moment := self.take(self._end_ns)) is not None:
            yield moment
