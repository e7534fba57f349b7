"""The clocks of another machine compared with those of this one, by messages there and back."""

from __future__ import annotations

from collections.abc import Callable

from pytest_djworkers.load.agent_protocol import ClockOffset
from pytest_djworkers.system.clock import CLOCK


def compare_clocks(ask: Callable[[], tuple[int, float]], times: int) -> ClockOffset:
    """Return the offset of another machine's clocks.

    ``ask`` returns what they show: the nanoseconds of the monotonic clock, and the Unix time in
    seconds. It is called several times, and the quickest response counts: the other clocks were
    read between its question and its arrival, so that half of this time is the most by which the
    middle may be wrong.
    """
    unix_ahead_s = CLOCK.exact_unix() - CLOCK.monotonic()

    def once() -> ClockOffset:
        asked_ns = CLOCK.monotonic_ns()
        monotonic_ns, unix_s = ask()
        half_ns = (CLOCK.monotonic_ns() - asked_ns) / 2
        middle_ns = asked_ns + half_ns
        return ClockOffset(
            monotonic_ns=round(monotonic_ns - middle_ns),
            unix_s=unix_s - (middle_ns / 1e9 + unix_ahead_s),
            error_s=half_ns / 1e9,
        )

    return min((once() for _ in range(times)), key=lambda offset: offset.error_s)
