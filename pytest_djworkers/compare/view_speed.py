"""Measures base's view in the first block, for the size of a comparison's windows."""

from __future__ import annotations

from pytest_djworkers.compare.arm_server import ArmServer, Fired
from pytest_djworkers.compare.window_size import (
    LEAST_RESPONSES,
    LONGEST_WINDOW_S,
    PROBED_CONNECTIONS,
    WAITING_CONNECTIONS,
    ViewSpeed,
    WindowSize,
    is_faster,
    window_size,
)
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.system.cpu_count import available_cpus
from pytest_djworkers.units import format_duration

_LEAST_S = 0.5
"""The least time for which a view is measured that isn't slow, in seconds."""
_SLOW_S = 2.0
"""The time of a request on each connection from which on a view is slow, in seconds: in less, the
first requests after a launch may be much slower than usual."""


class TooSlow(Exception):
    """Base's view gives too few responses for a comparison; the message says what would help."""


def measure_size(base: ArmServer, *, connections: int | None, timeout_s: float) -> WindowSize:
    """Measure base's view, and return the size of the windows.

    ``connections`` is the number that the user wants; None for what suits the view. Raises TooSlow
    and GeneratorError.
    """
    workers = base.facts.workers
    view = _measure(base, connections or PROBED_CONNECTIONS * workers)
    if connections is None and view.is_served_together:
        more = _measure(base, WAITING_CONNECTIONS * workers)
        view = more if is_faster(view, more) else view
    return window_size(view, timeout_s=timeout_s, workers=workers if connections is None else None)


def _measure(base: ArmServer, connections: int) -> ViewSpeed:
    """Measure the view with this number of connections. Raises TooSlow and GeneratorError."""
    # Whole waves, since a server that serves all connections at once responds to all at once.
    waves = -(-LEAST_RESPONSES // connections)
    base.connect(
        WindowSize(
            connections,
            responses=waves * connections,
            least_s=_LEAST_S,
            longest_s=LONGEST_WINDOW_S,
            drain_s=LONGEST_WINDOW_S,
            rounds_per_block=1,
        )
    )
    # A request on each connection tells enough of a slow view, and more would take long. But the
    # first ones may have found too few threads for all of them.
    fired = base.fire(EarlyClose(0.0, connections, one_wave=True))
    if fired.report.window_s >= _SLOW_S:
        view = _speed_of(fired, base, connections)
        if view.is_served_together or not view.waits:
            return view
    return _speed_of(base.fire(), base, connections)


def _speed_of(fired: Fired, base: ArmServer, connections: int) -> ViewSpeed:
    report, counts = fired.report, fired.report.counts
    ended = counts.ok + counts.late + counts.unexpected + counts.error
    in_window = ended - counts.after_window
    if in_window < LEAST_RESPONSES * report.window_s / LONGEST_WINDOW_S:
        raise TooSlow(
            f"too slow: base gave {in_window} responses in {format_duration(report.window_s)} on"
            f" {connections} connections, and {LEAST_RESPONSES} in"
            f" {format_duration(LONGEST_WINDOW_S)} are needed: give it more workers"
            " (--djworkers-workers), and more connections if its workers serve several requests"
            " at a time (--djworkers-compare-connections)"
        )
    rate = in_window / report.window_s
    cpus = min(base.facts.workers, available_cpus().usable)
    shortest_s = min((value for value, _ in counts.latency), default=0) / 1e6
    cpu_share = None
    if fired.cpu_s is not None:
        cpu_s = fired.cpu_s / ended
        # While other processes take the CPUs, a server can't use its share. The shortest latency
        # was disturbed least, and of that a view that computes used most.
        cpu_share = max(cpu_s * rate / cpus, cpu_s / shortest_s if shortest_s else 0.0)
    return ViewSpeed(connections, rate, cpu_share, shortest_s)
