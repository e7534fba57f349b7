"""Which bursts are fit to be what later ones are compared with. It is decided here alone.

What shapes a server and comes again with every burst is stored: a short backlog, connections that
are closed after each answer or too early, a backlog that overflows under this load. So is what a
test allows: errors and timeouts within its limits are figures, which are stored and compared. Lines
of errors in the log are the site's to explain; what goes wrong there is an error of a request, too.
A burst of a rerun that passed is as good as one of a first attempt. And so is ``generator-bound``:
it only understates requests/s, and on two CPUs every fast endpoint is; refused, it would have no
baseline.

What follows made this one burst another than the next will be.
"""

from __future__ import annotations

from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import counted


def why_unfit(result: BurstResult) -> str:
    """Why a burst must not be stored, in words; empty where it may be."""
    usage, opened, requested = result.usage, result.connections.opened, result.connections.requested
    died = usage.workers - usage.workers_alive if usage else 0
    reasons = (
        (not result.has_expected, "no expected response"),
        (result.starved, "starved"),
        (result.generator_stopped, "the generator was stopped for a part of the window"),
        (
            usage is not None and usage.was_unwatched,
            "pytest was stopped for a part of the window, and did not look at the server",
        ),
        (result.hides_timeouts, "all responses were late, and nobody knows how many never came"),
        (result.shared_run, "shared run"),
        (
            died,
            f"{counted(died, 'worker')} died (max_requests ends workers, too: leave it out of load"
            " tests)",
        ),
        (
            opened is not None and opened < requested,
            f"only {opened or 0:,} of {requested:,} connections could be opened in time",
        ),
        (result.fell_behind, "it fell behind its rate, so its latencies grow with its length"),
    )
    return next((words for unfit, words in reasons if unfit), "")
