"""The limits on the CPU time and the memory of the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.limits.protocol import Limit, Position
from pytest_djworkers.limits.relative import MaxCpuPerRequestOf
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import (
    format_duration,
    format_size,
    parse_duration,
    parse_size,
    written,
)

_NOT_SEEN = "the server's processes could not be measured"
_NOTHING_USED = "none was measured"


@dataclass(frozen=True, slots=True)
class MaxCpuPerRequest:
    """The most CPU time of the server per response, in seconds."""

    bound: float
    backend: str | None = None
    part: ClassVar[None] = None
    marker: ClassVar[str] = "max_cpu_per_request"
    arguments: ClassVar[tuple[str, ...]] = ("of",)
    position: ClassVar[Position] = ()

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        return f"max_cpu_per_request({format_duration(self.bound)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Limit]:
        """Yield the limit; with ``of=`` it is relative to a reference.

        Raises MarkerError unless the value is a duration, or a multiple of a reference.
        """
        if mark.kwargs.get("of") is not None:
            yield from MaxCpuPerRequestOf.read(mark, backend)
            return
        try:
            yield cls(parse_duration(mark.value), backend)
        except ValueError as error:
            raise MarkerError(f"max_cpu_per_request({written(mark.value)}): {error}") from None

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit and distance, or why it can't pass. None if the limit is met."""
        # A server that somebody else runs, or a system without /proc.
        if result.usage is None:
            return f"cpu per request: {_NOT_SEEN}, so {self.text} can't pass"
        value = result.cpu_per_request_s
        if value is None:
            return f"cpu per request: no request got a response, so {self.text} can't pass"
        # A process that did anything has used CPU time: a 0 is a clock that could not be read.
        if not value:
            return f"cpu per request: {_NOTHING_USED}, so {self.text} can't pass"
        if value <= self.bound:
            return None
        over = format_duration(value - self.bound)
        return f"cpu per request: {format_duration(value)}, limit {self.text}, {over} over"


@dataclass(frozen=True, slots=True)
class MaxMemory:
    """The most memory of all the server's processes together, in bytes."""

    bound: float
    backend: str | None = None
    part: ClassVar[None] = None
    marker: ClassVar[str] = "max_memory"
    arguments: ClassVar[tuple[str, ...]] = ()
    position: ClassVar[Position] = ()

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        return f"max_memory({format_size(self.bound)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Self]:
        """Yield the limit. Raises MarkerError unless the value is a size."""
        try:
            yield cls(parse_size(mark.value), backend)
        except ValueError as error:
            raise MarkerError(f"max_memory({written(mark.value)}): {error}") from None

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit and distance, or why it can't pass. None if the limit is met."""
        if result.usage is None:
            return f"memory: {_NOT_SEEN}, so {self.text} can't pass"
        value = result.usage.memory_bytes
        if not value:
            return f"memory: {_NOTHING_USED}, so {self.text} can't pass"
        if value <= self.bound:
            return None
        over = format_size(value - self.bound)
        return f"memory: {format_size(value)}, limit {self.text}, {over} over"
