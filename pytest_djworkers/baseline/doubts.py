"""The reasons to read a burst's figures with care when they are compared with stored ones.

A stored burst has none of these, ``generator-bound`` aside: ``storable`` sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_djworkers.baseline.document import StoredUsage
from pytest_djworkers.load.facts import LONGEST_UNWATCHED_S, Usage
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import counted, format_duration
from pytest_djworkers.verdict.burst_figures import Doubts

# The kernel's counts are in steps of 10 ms for each process: of less than this, those of two
# workers and their master can be a tenth and more.
_LEAST_CPU_S = 0.2
"""The least CPU time in seconds that is measured closely enough to be compared."""


def doubts_of(result: BurstResult) -> Doubts:
    """Return the reasons to read a burst's figures with care."""
    return Doubts(
        overstated=tuple(_overstated(result)),
        understated=tuple(_understated(result)),
        faults=tuple(_faults(result)),
    )


def cpu_doubt(usage: Usage | StoredUsage) -> str:
    """Return why a server's CPU time is not reliable, in words; empty if it is."""
    if usage.unwatched_s > LONGEST_UNWATCHED_S:
        return f"the server was not watched for {format_duration(usage.unwatched_s)}"
    # The launch of another worker takes CPU time that no request does. If nobody waited for the
    # one that ended, its own time is missing.
    if died := usage.workers - usage.workers_alive:
        return f"{counted(died, 'worker')} died"
    if usage.cpu_s < _LEAST_CPU_S:
        return f"only {format_duration(usage.cpu_s)} of CPU time"
    return ""


def _overstated(result: BurstResult) -> Iterator[str]:
    """Yield why requests/s and latencies may look better than what users would get."""
    connections = result.connections
    opened, requested = connections.opened, connections.requested
    if result.starved:
        yield f"starved: {connections.held or 0:.0f} of {requested:,} connections at work"
    elif result.hides_timeouts:
        yield "all responses were late, and nobody knows how many never came"
    if opened is not None and opened < requested:
        yield f"only {opened:,} of {requested:,} connections could be opened in time"


def _understated(result: BurstResult) -> Iterator[str]:
    """Yield why requests/s and latencies may be worse than the server's."""
    if result.generator_bound:
        yield "generator-bound, so the server may be faster"
    if result.generator_stopped:
        stopped = format_duration(result.generator.stopped_s or 0.0)
        yield f"the generator was stopped for {stopped}, so the server may be faster"


def _faults(result: BurstResult) -> Iterator[str]:
    usage = result.usage
    if usage is not None and (died := usage.workers - usage.workers_alive):
        yield f"{counted(died, 'worker')} died"
    # A generator that can't keep the rate is no fault of the server's.
    if result.fell_behind and not (result.generator_bound or result.generator_stopped):
        yield f"fell behind its rate of {result.profile.shape.rate:g}/s"
