"""The requests whose end a burst has not seen, which may have been slow."""

from __future__ import annotations

from pytest_djworkers.load.result import BurstResult


def in_flight(result: BurstResult) -> int:
    """Return the number of requests that may have been in flight at the end."""
    # wrk doesn't tell. In a closed loop, each connection has one at most.
    return result.connections.requested if result.in_flight is None else result.in_flight


def hidden_timeouts(result: BurstResult) -> str:
    """Return why a generator that does not count unanswered requests may hide timeouts."""
    name = result.generator.name
    if result.starved is None:
        return (
            f"{name} got no response in time, and does not count requests that never end"
            " (--djworkers-generator=asyncio does)"
        )
    at_work = result.connections.at_work or 0.0
    return (
        f"starved: {at_work:.0f} of {result.connections.requested} connections were at work, and"
        f" {name} does not count requests that never end (--djworkers-generator=asyncio does)"
    )
