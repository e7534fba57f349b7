"""The size of a comparison's windows: the load in them, and how long they are.

It follows from the view, so that a fast one gets many short windows, and a view of a second of CPU
gets few requests at a time. Pure functions: no clock, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.profiling.bottleneck import BUSY
from pytest_djworkers.verdict.slow_responses import USUAL_TIMES

PROBED_CONNECTIONS = 4
"""The connections for each worker that keep a view that computes busy: one request is served, and
the next ones wait already. More would only make them wait longer."""
_CONNECTIONS_OF_SLOW = 2
"""The same for a view whose windows take longer than a second: one request is served, one waits.
When a window closes, all that is in flight is waited for, so fewer make a block shorter."""
_SLOW_WINDOW_S = 1.0
_MOST_CONNECTIONS = 32
"""The most connections for each worker of a view that computes."""
_DRAIN_SHARE = 0.2
"""The share of a window that it may take until what was in flight at its end is responded to. A
fast view gets as many connections as that allows: workers share a few connections unevenly, anew at
each launch, and one with a single connection idles between its requests."""
WAITING_CONNECTIONS = 16
"""The connections for each worker of a view that waits, if the server can serve them together."""
LEAST_RESPONSES = 12
"""The number of responses in the longest window without which a view is too slow to compare."""
LONGEST_WINDOW_S = 30.0
"""The longest time of a measurement, and of a window."""
_LEAST_GAIN = 2.0
"""The gain in speed for which a waiting view keeps more connections, as a factor."""
_LEAST_SERVED = 0.6
"""The share of connections that must be served at a time, for more of them to be tried."""
_LEAST_WINDOW_S = 0.25
_FEWEST, _MOST = 16, 100
_RESPONSES_OF_ROOT = 3.2
"""The responses of a window for the root of the responses a second: 100 at 1,000 a second, 16 at 25
a second, so that windows get longer, with fewer responses, as a view gets slower. On a shared
machine longer windows were no more alike than short ones, since its speed changes within seconds:
many short ones tell more in the same time."""
_BLOCK_S = 5.0
"""About the time that the windows of a block may take."""
_MOST_ROUNDS = 6
_LEAST_LONGEST_S = 2.0
_SLOWER = 4.0
"""A window closes with what it has after this many times base's."""


@dataclass(frozen=True, slots=True)
class WindowSize:
    """The size of every window of a comparison, the same for both arms."""

    connections: int
    responses: int
    """The least number of responses; with ``least_s``, a window closes as soon as it has both."""
    least_s: float
    """The least time for which a window is open, in seconds."""
    longest_s: float
    """The time at which a window closes in any case, in seconds."""
    drain_s: float
    """The longest time to wait for what is in flight when a window closes, in seconds."""
    rounds_per_block: int
    slow_s: float = inf
    """The latency above which a response is slow, in seconds."""
    waits: bool = False
    """True if the view waits for something more than it computes."""
    one_wave: bool = False
    """True if each connection sends one request in a window."""

    @property
    def early_close(self) -> EarlyClose:
        """The condition under which a window closes."""
        return EarlyClose(self.least_s, self.responses, self.one_wave)


@dataclass(frozen=True, slots=True)
class ViewSpeed:
    """The speed of base's view under the first load, as measured."""

    connections: int
    rate: float
    """Responses per second; above 0."""
    cpu_share: float | None
    """The server's share of the CPU time that its workers can have, or the share of a request's
    time in which it computes, whichever is more; None if it is not known."""
    shortest_s: float
    """The shortest latency, in seconds."""

    @property
    def waits(self) -> bool:
        """True if the view waits for something more than it computes."""
        return self.cpu_share is not None and self.cpu_share < BUSY

    @property
    def is_served_together(self) -> bool:
        """True if a view that waits does so for most of the connections at the same time."""
        # Little's law: the rate times the time that one request takes alone is the number of
        # requests that are served at a time. The first ones of a window found an idle server.
        served = self.rate * self.shortest_s
        return self.waits and served >= _LEAST_SERVED * self.connections


def is_faster(few: ViewSpeed, many: ViewSpeed) -> bool:
    """Return True if a view that waits is worth more connections."""
    return many.rate >= _LEAST_GAIN * few.rate


def window_size(view: ViewSpeed, *, timeout_s: float, workers: int | None) -> WindowSize:
    """Return the size of the windows for a view.

    ``timeout_s`` is the time after which a response counts as late, in seconds. ``workers`` is the
    number of the server's workers if the number of connections may differ from that of the
    measurement, else None.
    """
    connections = view.connections
    responses = min(max(round(_RESPONSES_OF_ROOT * sqrt(view.rate)), _FEWEST), _MOST)
    if view.is_served_together:
        # Whole waves: the responses of a view that waits come together.
        responses = max(responses, connections)
    window_s = max(_LEAST_WINDOW_S, responses / view.rate)
    one_wave = view.is_served_together and responses == connections and window_s > _LEAST_WINDOW_S
    if workers and not view.is_served_together:
        is_slow = window_s > _SLOW_WINDOW_S
        least = _CONNECTIONS_OF_SLOW if is_slow else PROBED_CONNECTIONS
        drained = round(_DRAIN_SHARE * window_s * view.rate)
        connections = min(max(drained, least * workers), _MOST_CONNECTIONS * workers)
    # Little's law: a request takes the time in which as many as there are connections end.
    usual_s = connections / view.rate
    rounds = round(_BLOCK_S / (2 * window_s))
    return WindowSize(
        connections=connections,
        responses=responses,
        least_s=_LEAST_WINDOW_S,
        longest_s=min(max(_LEAST_LONGEST_S, _SLOWER * window_s), LONGEST_WINDOW_S),
        drain_s=timeout_s + _SLOWER * usual_s,
        rounds_per_block=min(max(rounds, 1), _MOST_ROUNDS),
        slow_s=USUAL_TIMES * usual_s,
        waits=view.waits,
        one_wave=one_wave,
    )
