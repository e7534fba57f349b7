"""The limit on the loss of a figure, compared with a baseline or with a base."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.limits.protocol import Position
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import format_share, parse_share, written
from pytest_djworkers.verdict.rounds import Metric


@dataclass(frozen=True, slots=True)
class MaxRegression:
    """The largest loss of a figure that is allowed, as a fraction."""

    metric: Metric
    bound: float
    backend: str | None = None
    same_size: bool = False
    """True if the two sides of a comparison must also send bodies of about the same length."""
    part: ClassVar[None] = None
    marker: ClassVar[str] = "max_regression"
    arguments: ClassVar[tuple[str, ...]] = ("metric", "same_size")

    @property
    def position(self) -> Position:
        """The position of the metric: each metric is a figure of its own."""
        return (list(Metric).index(self.metric),)

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        metric = "" if self.metric is Metric.RPS else f", metric={self.metric.value!r}"
        same_size = ", same_size=True" if self.same_size else ""
        return f"max_regression({format_share(self.bound)}{metric}{same_size})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Self]:
        """Yield the limit.

        Raises MarkerError unless the metric is known, the value a share, and same_size a bool.
        """
        metric, value = mark.kwargs.get("metric", Metric.RPS.value), mark.value
        if metric not in list(Metric):
            known = ", ".join(member.value for member in Metric)
            raise MarkerError(f"max_regression(metric={written(metric)}): must be one of {known}")
        same_size = mark.kwargs.get("same_size", False)
        if not isinstance(same_size, bool):
            raise MarkerError(
                f"max_regression(same_size={written(same_size)}): must be True or False"
            )
        try:
            yield cls(Metric(metric), parse_share(value), backend, same_size)
        except ValueError as error:
            raise MarkerError(f"max_regression({written(value)}): {error}") from None

    def miss(self, result: BurstResult) -> str | None:  # noqa: ARG002  # as every limit
        """Return None: one burst shows no loss. The verdict of a comparison does."""
        return None
