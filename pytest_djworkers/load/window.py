"""One window of an agent's burst: what it counts, what is planned for it, and when it ends."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Self

from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.profile import Profile, Shape
from pytest_djworkers.load.rate import FixedRate, Plan, Share, StagedRate
from pytest_djworkers.load.tally import Tally

_clock = time.monotonic_ns


class Window:
    """The state of one window, from the first request of its warm-up to its report.

    Times are nanoseconds of the monotonic clock. It has slots since each batch of responses reads
    it.
    """

    __slots__ = ("goes_on", "is_firing", "plan", "stop_ns", "tally", "wake_ns")

    def __init__(
        self, tally: Tally, plan: Plan | None, stop_ns: int, *, goes_on: bool = True
    ) -> None:
        self.tally = tally
        self.plan = plan
        """The moments of the requests at a fixed rate; None in a closed loop."""
        self.goes_on = goes_on
        """True if a connection begins its next request right after the response to the last."""
        self.stop_ns = stop_ns
        """The time from which on responses are not even read."""
        self.wake_ns = sys.maxsize
        """The time at which ``sleep_until`` should return. The loop can run its timer only between
        batches, so from then on no further batch is begun."""
        self.is_firing = False
        """True while connections that are free begin requests."""

    @classmethod
    def before_any(cls, profile: Profile) -> Self:
        """Return the window of an agent that has not fired yet: nothing counts in it."""
        return cls(Tally(profile, begin_ns=sys.maxsize), None, sys.maxsize)

    @classmethod
    def starting(
        cls,
        profile: Profile,
        share: Share,
        start_ns: int,
        *,
        drains: bool,
        early_close: EarlyClose | None = None,
    ) -> Self:
        """Return the window whose warm-up starts at ``start_ns``.

        With ``drains``, responses after its end are read as well, and count. Such a window has no
        warm-up: all requests that end in it or later must have been sent in it.
        """
        shape = profile.shape
        # The warm-up is the time from start_ns to begin_ns: it is like the window, but not counted.
        warmup_ns = 0 if drains else round(shape.warmup_s * 1e9)
        tally = Tally(profile, start_ns + warmup_ns, early_close, drains=drains)
        plan = _plan(shape, share, start_ns, tally)
        goes_on = plan is None and not shape.think_s
        return cls(tally, plan, sys.maxsize if drains else tally.end_ns, goes_on=goes_on)

    async def sleep_until(self, moment_ns: int) -> None:
        """Sleep until this moment, and no longer than the batch at hand takes."""
        self.wake_ns = moment_ns
        # In a loop: a timer may come early by the resolution of the loop's clock.
        while (left := moment_ns - _clock()) > 0:
            await asyncio.sleep(left / 1e9)


def _plan(shape: Shape, share: Share, start_ns: int, tally: Tally) -> Plan | None:
    """Return the plan of a window and its warm-up, at the rate that the window begins with."""
    if shape.rate is None:
        return None
    if not shape.stages or shape.stages[0].rate is None:
        return FixedRate(shape.rate, share, start_ns, tally.end_ns)
    rates, since_ns, end_s = [], start_ns, 0.0
    for stage in shape.stages:
        end_s += stage.duration_s
        until_ns = min(tally.begin_ns + round(end_s * 1e9), tally.end_ns)
        rates.append(FixedRate(stage.rate or shape.rate, share, since_ns, until_ns))
        since_ns = until_ns
    return StagedRate(rates)
