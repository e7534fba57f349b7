"""The figures of a window that is still open, which agents tell once a second if they are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.progress import LiveFigures

SO_FAR = "so_far"
"""The key that such a message has, and no other message of an agent."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """One agent's part of the figures, as it travels to the pytest process."""

    open_s: float
    """The time for which the window has been open, in seconds."""
    responses: int
    """The number of expected responses, late ones included."""
    errors: int
    latency: list[tuple[int, int]]
    """Pairs of microseconds and counts, in buckets of a few percent."""


def live_figures(parts: Collection[SoFar]) -> LiveFigures:
    """Return the figures of all agents together."""
    latency: Counter[int] = Counter()
    for part in parts:
        latency.update(dict(part.latency))
    return LiveFigures(
        # The agents don't tell at the same moment, so each has a time of its own.
        rps=sum(part.responses / part.open_s for part in parts),
        p99_s=Latency.from_counts(latency).p99,
        errors=sum(part.errors for part in parts),
    )
