"""The limit on requests per second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.marker import Mark, part_in_words
from pytest_djworkers.limits.protocol import Limit, Position
from pytest_djworkers.limits.relative import MinRpsOf
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import format_rate, format_share, written

# A Python int can be larger than any float. Comparing one with a rate would raise OverflowError.
_UPPER_BOUND = 1e300


@dataclass(frozen=True, slots=True)
class MinRps:
    """The fewest requests per second."""

    bound: float
    backend: str | None = None
    part: str | None = None
    marker: ClassVar[str] = "min_rps"
    arguments: ClassVar[tuple[str, ...]] = ("of", "part")
    position: ClassVar[Position] = ()

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        return f"min_rps({self.bound:_.10g}{part_in_words(self.part)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Limit]:
        """Yield the limit; with ``of=`` it is relative to a reference.

        Raises MarkerError unless the value is a number above 0, or a multiple of a reference.
        """
        if mark.kwargs.get("of") is not None:
            yield from MinRpsOf.read(mark, backend)
            return
        value = mark.value
        # NaN fails the comparison below, too.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 < value < _UPPER_BOUND:
            hint = " (a share needs of=)" if isinstance(value, str) and "%" in value else ""
            raise MarkerError(f"min_rps({written(value)}): must be a number above 0{hint}")
        yield cls(float(value), backend, mark.part)

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit and distance; None if the limit is met."""
        if result.rps >= self.bound:
            return None
        short = self.bound - result.rps
        return (
            f"requests/s: {format_rate(result.rps)}, limit {self.text}, {format_rate(short)}"
            f" ({format_share(short / self.bound)}) short"
        )
