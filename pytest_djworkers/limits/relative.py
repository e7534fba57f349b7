"""The limits relative to another endpoint, which hold on a laptop and on a CI runner alike.

The other endpoint, the reference, is measured under the same server in the same run. So the speed
of the machine cancels out, as far as both views need the same of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from pytest_djworkers.errors import BurstArgumentError, MarkerError
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.limits.protocol import Limit, Position
from pytest_djworkers.load.facts import Reference
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.request.build import make_request
from pytest_djworkers.units import (
    format_duration,
    format_multiple,
    format_rate,
    format_share,
    parse_multiple,
    written,
)

PLAIN = "plain"
"""The name of the plugin's own view, which returns two bytes."""


@dataclass(frozen=True, slots=True)
class MinRpsOf:
    """The fewest requests per second, as a multiple of the reference's."""

    factor: float
    of: str
    """The path of the reference, or ``plain``."""
    backend: str | None = None
    part: ClassVar[None] = None
    marker: ClassVar[str] = "min_rps"
    arguments: ClassVar[tuple[str, ...]] = ("of",)

    @property
    def position(self) -> Position:
        """The reference: one view's multiple is another figure than another's."""
        return (self.of,)

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        return f"min_rps({_multiple_of(self.factor, self.of)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Self]:
        """Yield the limit. Raises MarkerError for a value that is no multiple, or no path."""
        factor, of = _read(mark)
        yield cls(factor, of, backend)

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit and distance, or why it can't pass. None if the limit is met."""
        reference = result.references.get(self.of)
        if reference is None or not reference.rps:
            return _unknown("requests/s", reference, self)
        bound = self.factor * reference.rps
        if result.rps < bound:
            short = bound - result.rps
            return (
                f"requests/s: {format_rate(result.rps)}, limit {self.text}, which is"
                f" {format_rate(bound)} here, {format_rate(short)} ({format_share(short / bound)})"
                " short"
            )
        if reference.is_generator_bound:
            # Its figure is too low, and so is the bound.
            return (
                f"requests/s: {reference.name} was generator-bound, so {self.text} can't pass: use"
                " max_cpu_per_request(of=), or a slower reference"
            )
        return None


@dataclass(frozen=True, slots=True)
class MaxCpuPerRequestOf:
    """The most CPU time of the server per response, as a multiple of the reference's."""

    factor: float
    of: str
    """The path of the reference, or ``plain``."""
    backend: str | None = None
    part: ClassVar[None] = None
    marker: ClassVar[str] = "max_cpu_per_request"
    arguments: ClassVar[tuple[str, ...]] = ("of",)

    @property
    def position(self) -> Position:
        """The reference: one view's multiple is another figure than another's."""
        return (self.of,)

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        return f"max_cpu_per_request({_multiple_of(self.factor, self.of)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Self]:
        """Yield the limit. Raises MarkerError for a value that is no multiple, or no path."""
        factor, of = _read(mark)
        yield cls(factor, of, backend)

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit and distance, or why it can't pass. None if the limit is met."""
        reference, value = result.references.get(self.of), result.cpu_per_request_s
        if reference is None or not reference.cpu_per_request_s:
            return _unknown("cpu per request", reference, self)
        if not value:
            return f"cpu per request: none was measured, so {self.text} can't pass"
        bound = self.factor * reference.cpu_per_request_s
        if value <= bound:
            return None
        over = format_duration(value - bound)
        return (
            f"cpu per request: {format_duration(value)}, limit {self.text}, which is"
            f" {format_duration(bound)} here, {over} over"
        )


Relative = MinRpsOf | MaxCpuPerRequestOf


def references_in(limits: Iterable[Limit]) -> tuple[str, ...]:
    """Return the references that these limits need, each once."""
    return tuple(dict.fromkeys(limit.of for limit in limits if isinstance(limit, Relative)))


def _read(mark: Mark) -> tuple[float, str]:
    of = mark.kwargs["of"]
    if mark.part is not None:
        raise MarkerError(
            f"{mark.name}: of= and part= can't be combined: of= is for the whole burst"
        )
    try:
        factor = parse_multiple(mark.value)
    except ValueError as error:
        raise MarkerError(f"{mark.name}({written(mark.value)}, of=...): {error}") from None
    if of == PLAIN:
        return factor, PLAIN
    try:
        make_request(path := of.removeprefix("GET ") if isinstance(of, str) else of)
    except BurstArgumentError as error:
        raise MarkerError(
            f"{mark.name}(of={written(of)}): {error}; or {PLAIN!r}, the plugin's own view"
        ) from None
    return factor, path


def _multiple_of(factor: float, of: str) -> str:
    return f"{format_multiple(factor)!r}, of={of!r}"


def _unknown(figure: str, reference: Reference | None, limit: Relative) -> str:
    """Return why a limit can't pass whose reference has no such figure."""
    name = limit.of if reference is None else reference.name
    return f"{figure}: that of {name} is not known, so {limit.text} can't pass"
