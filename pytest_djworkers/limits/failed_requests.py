"""The limits on timeouts and errors, each of which is a count or a share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.marker import Mark, part_in_words
from pytest_djworkers.limits.protocol import Position
from pytest_djworkers.limits.unseen import hidden_timeouts, in_flight
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.unexpected_responses import in_words, kinds_of
from pytest_djworkers.units import (
    format_duration,
    format_share,
    parse_share,
    parse_whole,
    written,
)


@dataclass(frozen=True, slots=True)
class Count:
    """A bound on the number of requests that fail."""

    most: float

    @property
    def text(self) -> str:
        """The bound as a marker says it."""
        return f"{self.most:g}"

    def excess(self, count: int, judged: int) -> str | None:  # noqa: ARG002  # as Share has it
        """Return by how much ``count`` requests exceed the bound, in words; None if they don't."""
        return None if count <= self.most else f"{count - self.most:g}"


@dataclass(frozen=True, slots=True)
class Share:
    """A bound on the fraction of requests that fail."""

    most: float

    @property
    def text(self) -> str:
        """The bound as a marker says it."""
        return format_share(self.most)

    def excess(self, count: int, judged: int) -> str | None:
        """Return by how much ``count`` of ``judged`` requests exceed the bound, in words; None if
        they don't."""
        share = count / judged
        return None if share <= self.most else format_share(share - self.most)


@dataclass(frozen=True, slots=True)
class MaxTimeouts:
    """The most requests without a response in time."""

    bound: Count | Share
    backend: str | None = None
    part: str | None = None
    marker: ClassVar[str] = "max_timeouts"
    arguments: ClassVar[tuple[str, ...]] = ("part",)
    position: ClassVar[Position] = ()

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        return f"max_timeouts({self.bound.text}{part_in_words(self.part)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Self]:
        """Yield the limit. Raises MarkerError unless the value is a count or a share."""
        yield cls(_count_or_share(mark), backend, mark.part)

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit and distance, or why it can't pass. None if the limit is met."""
        # A limit on nothing fails: a server that serves nobody has no timeouts either.
        if not result.judged:
            return f"timeouts: {_NO_RESPONSE}, so {self.text} can't pass"
        # wrk stops counting a request that never ends: a starved burst would pass with 0 timeouts.
        if result.hides_timeouts:
            return f"timeouts: {hidden_timeouts(result)}, so {self.text} can't pass"
        if unseen := self._unseen(result):
            return unseen
        excess = self.bound.excess(result.timeouts, result.judged)
        if excess is None:
            return None
        figure = _figure(result.timeouts, result)
        return f"timeouts: {figure}, limit {self.text}, {excess} over"

    def _unseen(self, result: BurstResult) -> str | None:
        """Return why a burst is too short for this limit to pass; None if it isn't."""
        shape, unseen = result.profile.shape, in_flight(result)
        if shape.duration_s > shape.timeout_s:
            return None
        # No request of the window gets older than the timeout. The limit passes only if it would
        # with everything that was in flight at the end counted as a timeout.
        if self.bound.excess(result.timeouts + unseen, result.judged + unseen) is None:
            return None
        return (
            f"timeouts: {unseen:,} requests were in flight at the end, and in"
            f" {format_duration(shape.duration_s)} none gets older than the timeout of"
            f" {format_duration(shape.timeout_s)}, so {self.text} can't pass: ask for a longer"
            " burst (duration=) or a shorter timeout="
        )


@dataclass(frozen=True, slots=True)
class MaxErrors:
    """The most unexpected responses and failed requests."""

    bound: Count | Share
    backend: str | None = None
    part: str | None = None
    marker: ClassVar[str] = "max_errors"
    arguments: ClassVar[tuple[str, ...]] = ("part",)
    position: ClassVar[Position] = ()

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        return f"max_errors({self.bound.text}{part_in_words(self.part)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Self]:
        """Yield the limit. Raises MarkerError unless the value is a count or a share."""
        yield cls(_count_or_share(mark), backend, mark.part)

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, kinds, limit and distance; None if the limit is met."""
        if not result.judged:
            return f"errors: {_NO_RESPONSE}, so {self.text} can't pass"
        excess = self.bound.excess(result.errors, result.judged)
        if excess is None:
            return None
        figure, kinds = _figure(result.errors, result), in_words(kinds_of(result))
        return f"errors: {figure} ({kinds}), limit {self.text}, {excess} over"


_NO_RESPONSE = "no request got a response"


def _count_or_share(mark: Mark) -> Count | Share:
    value = mark.value
    # Text is a share and must have its "%"; a number is a count. So 0.01 is refused, which could
    # be meant as either.
    try:
        if isinstance(value, str):
            return Share(parse_share(value))
        return Count(float(parse_whole(value, least=0)))
    except ValueError:
        raise MarkerError(
            f"{mark.name}({written(value)}): must be a whole number of 0 or more, or a share such"
            " as '1%'"
        ) from None


def _figure(count: int, result: BurstResult) -> str:
    return f"{count:,} of {result.judged:,} ({format_share(count / result.judged)})"
