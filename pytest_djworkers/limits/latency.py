"""The limits on percentiles of the latency, and on its maximum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import ClassVar, Self

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.marker import Mark, part_in_words
from pytest_djworkers.limits.protocol import Position
from pytest_djworkers.limits.unseen import hidden_timeouts, in_flight
from pytest_djworkers.load.histogram import Latency, samples_for
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import format_duration, parse_duration, written

_TO_SPARE = 1.2
"""The factor by which a burst should be longer than it must be for a percentile."""
# In the order in which limits are judged. The names are arguments of the marker, and "p99.9" can't
# be one.
_PERCENTILES: Mapping[str, float] = {
    "p50": 50.0,
    "p90": 90.0,
    "p95": 95.0,
    "p99": 99.0,
    "p999": 99.9,
    "max": 100.0,
}


_PHASES: Mapping[str, Callable[[BurstResult], Latency | None]] = {
    "first_byte": lambda result: result.first_byte,
    "first_event": lambda result: None if result.events is None else result.events.first,
}
"""The times within a response that can be limited instead of all of it."""


@dataclass(frozen=True, slots=True)
class MaxLatency:
    """The longest latency at a percentile, in seconds; the maximum is the percentile 100."""

    percentile: float
    bound: float
    backend: str | None = None
    part: str | None = None
    phase: str | None = None
    """The time that it is on, such as until the first byte; None for the whole latency."""
    marker: ClassVar[str] = "max_latency"
    arguments: ClassVar[tuple[str, ...]] = (*_PERCENTILES, "part", "phase")

    @property
    def position(self) -> Position:
        """The phase and the percentile: each of each is a figure of its own."""
        number = 0 if self.phase is None else 1 + list(_PHASES).index(self.phase)
        return number, self.percentile

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        phase = "" if self.phase is None else f", phase={self.phase!r}"
        bound = format_duration(self.bound)
        return f"max_latency({self._name}={bound}{phase}{part_in_words(self.part)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Self]:
        """Yield a limit for each percentile.

        Raises MarkerError for a value that is no duration, and for an unknown phase.
        """
        bounds = {name: mark.kwargs[name] for name in _PERCENTILES if name in mark.kwargs}
        if mark.args or not bounds:
            raise MarkerError(
                "max_latency takes p50=, p90=, p95=, p99=, p999= and max=, such as"
                " max_latency(p99='500ms')"
            )
        phase = mark.kwargs.get("phase")
        if phase is not None and phase not in list(_PHASES):
            known = " or ".join(map(repr, _PHASES))
            raise MarkerError(
                f"max_latency(phase={written(phase)}): must be {known}; without phase= the limit is"
                " on the whole latency"
            )
        for name, value in bounds.items():
            try:
                seconds = parse_duration(value)
                yield cls(_PERCENTILES[name], seconds, backend, mark.part, phase)
            except ValueError as error:
                raise MarkerError(f"max_latency({name}={written(value)}): {error}") from None

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit and distance, or why it can't pass. None if the limit is met."""
        # The order matters: figures that hide the slowest requests must not be compared at all.
        title, latency = self._title, self._latency_of(result)
        if result.hides_timeouts:
            return f"{title}: {hidden_timeouts(result)}, so {self.text} can't pass"
        if latency is None and result.in_pieces is not None:
            return f"{title}: the burst reads no stream (stream=), so {self.text} can't pass"
        if latency is None:
            return (
                f"{title}: {result.generator.name} can't tell it (--djworkers-generator=asyncio"
                f" can), so {self.text} can't pass"
            )
        value = self._figure(latency)
        if value is None:
            return f"{title}: {self._why_unknown(latency, result)}"
        if value <= self.bound:
            return self._unseen(result)
        over = format_duration(value - self.bound)
        return f"{title}: {format_duration(value)}, limit {self.text}, {over} over"

    @property
    def _title(self) -> str:
        return f"{(self.phase or 'latency').replace('_', ' ')} {self._name}"

    def _latency_of(self, result: BurstResult) -> Latency | None:
        return result.latency if self.phase is None else _PHASES[self.phase](result)

    @property
    def _name(self) -> str:
        """The argument of the marker: ``p99``, ``max``."""
        return next(name for name, value in _PERCENTILES.items() if value == self.percentile)

    @property
    def _is_maximum(self) -> bool:
        return self.percentile == _PERCENTILES["max"]

    def _figure(self, latency: Latency) -> float | None:
        """Return the latency in seconds; None without enough samples."""
        return latency.max if self._is_maximum else latency.percentile(self.percentile)

    def _why_unknown(self, latency: Latency, result: BurstResult) -> str:
        if self._is_maximum or not latency.count:
            return f"no samples, so {self.text} can't pass"
        why = f"{latency.why_not(self.percentile)}, so {self.text} can't pass"
        seconds = result.window_s * samples_for(self.percentile) / latency.count
        # To the second, and with some to spare: no two bursts have the same rate.
        longer = f"a burst of duration='{ceil(seconds * _TO_SPARE)}s'"
        known = [
            name
            for name, percentile in _PERCENTILES.items()
            if percentile < self.percentile and latency.percentile(percentile) is not None
        ]
        instead = f", or limit {known[-1]}=" if known else ""
        return f"{why}: at this rate, ask for {longer} or more{instead}"

    def _unseen(self, result: BurstResult) -> str | None:
        """Return why a burst is too short for a limit that is met to pass; None if it isn't."""
        shape = result.profile.shape
        # A request without a response is a sample once it is older than the timeout.
        if shape.duration_s > max(shape.timeout_s, self.bound):
            return None
        # The limit passes only if it would with every request that had no response at the end
        # counted as too slow.
        unseen = in_flight(result) + (result.unanswered or 0)
        may_be_slower = 1 - self.percentile / 100
        if unseen <= may_be_slower * (result.ok + result.late + unseen):
            return None
        return (
            f"{self._title}: {unseen:,} requests had no response at the end, and in"
            f" {format_duration(shape.duration_s)} nobody sees whether they take longer than"
            f" {format_duration(self.bound)}, so {self.text} can't pass: ask for a longer burst"
            " (duration=) or a shorter timeout="
        )
