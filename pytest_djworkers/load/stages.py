"""The stages of a burst whose load changes in steps."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.part_figures import PartFigures
from pytest_djworkers.units import counted, format_duration, format_rate


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a burst: a number of connections or a fixed rate, for a time in seconds."""

    duration_s: float
    connections: int | None = None
    """None if all connections of the burst are in use, and the rate changes."""
    rate: float | None = None
    """In requests per second; None in a closed loop."""

    @property
    def load(self) -> str:
        """The load in words: ``500 connections``, ``50.00 requests/s``."""
        if self.connections is not None:
            return counted(self.connections, "connection")
        return f"{format_rate(self.rate or 0.0)} requests/s"

    @property
    def shown(self) -> str:
        """The load and the duration in words."""
        return f"{self.load} for {format_duration(self.duration_s)}"


@dataclass(frozen=True, slots=True)
class StageFigures:
    """The figures of a stage. A request counts in the stage in which it ends.

    One without a response counts in the last stage, since nobody gives it up before.
    """

    name: str
    """Its number and its load, such as ``stage 2: 500 connections``."""
    begin_s: float
    """The time from the beginning of the burst's window to that of the stage, in seconds."""
    duration_s: float
    figures: PartFigures
    """The counts, which mean what they mean in a ``BurstResult``."""

    @property
    def rps(self) -> float:
        """The expected responses per second of the stage, late ones included."""
        return self.figures.rps

    @property
    def latency(self) -> Latency:
        """The latencies of the requests that ended in the stage."""
        return self.figures.latency

    @property
    def timeouts(self) -> int:
        """The number of responses that came after the timeout, or not at all."""
        return self.figures.timeouts

    @property
    def errors(self) -> int:
        """The number of unexpected responses and failed requests."""
        return self.figures.errors
