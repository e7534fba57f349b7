"""The decision which bursts may be stored. It is made here alone, on the result's figures.

A burst is stored if the next one will be like it. So what a server's settings and a load bring
about each time does not count against it: a short backlog or one that overflows, connections that
are closed after each response or too early. Nor does what a test allows: errors and timeouts
within its limits are figures, which are stored and compared. Errors in the log are for the site to
explain; one that matters is an error of a request, too. A burst of a rerun that passed is as good
as one of a first attempt. ``generator-bound`` only understates requests/s, and on two CPUs every
fast endpoint is: refused, it would have no baseline. ``unfair`` doubts the latencies, not the
requests/s, and workers that share few connections unevenly do so each time.

The reasons below made this one burst different from the next.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import counted


def why_not_stored(result: BurstResult) -> str:
    """Return why a burst must not be stored, in words; nothing if it may be."""
    return next(_reasons(result), "")


def _reasons(result: BurstResult) -> Iterator[str]:
    """Yield the reasons against storing a burst, in the order in which they matter."""
    usage, connections = result.usage, result.connections
    if result.missing_agents:
        yield result.missing_agents
    if not result.has_expected:
        yield "no expected response"
    if result.starved:
        yield "starved"
    if result.generator_stopped:
        yield "the generator was stopped for a part of the window"
    if usage is not None and usage.was_unwatched:
        yield "pytest was stopped for a part of the window, and did not look at the server"
    if result.hides_timeouts:
        yield "all responses were late, and nobody knows how many never came"
    if usage is not None and (died := usage.workers - usage.workers_alive):
        yield (
            f"{counted(died, 'worker')} died (max_requests ends workers, too: leave it out of load"
            " tests)"
        )
    opened, requested = connections.opened, connections.requested
    if opened is not None and opened < requested:
        yield f"only {opened or 0:,} of {requested:,} connections could be opened in time"
    if result.fell_behind:
        yield "it fell behind its rate, so its latencies grow with its length"
