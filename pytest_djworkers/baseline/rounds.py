"""What a comparison has measured: windows of two arms in rounds, and the figure of each.

Plain data, no clock, no I/O. The words are those of the documentation: a round is one window of
each arm, a block is the rounds that share one launch of each arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Metric(StrEnum):
    """The figures that two arms can be compared by."""

    RPS = "rps"
    P95 = "p95"
    CPU_PER_REQUEST = "cpu_per_request"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Window:
    """One arm's figures in a round."""

    requests: int
    """Expected answers, in time or late."""
    window_s: float
    errors: int
    timeouts: int
    judged: int
    """What shares divide by."""
    p95_s: float | None
    """None without samples."""
    cpu_per_request_s: float | None
    """None where it could not be measured."""


@dataclass(frozen=True, slots=True)
class Round:
    """One window of each arm, back to back."""

    base: Window
    head: Window
    block: int
    """The number of its block; blocks are judged in the order of their numbers."""
    discarded: str | None = None
    """Why it is thrown away whole, in words, on evidence that does not look at the arms'
    figures: ``the generator was starved``. None for a round that counts."""
