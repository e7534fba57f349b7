"""The limit on the SQL queries of a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.marker import Mark, part_in_words
from pytest_djworkers.limits.protocol import Position
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import parse_whole, written


@dataclass(frozen=True, slots=True)
class MaxQueries:
    """The most SQL queries of one request."""

    bound: int
    backend: str | None = None
    part: str | None = None
    marker: ClassVar[str] = "max_queries"
    arguments: ClassVar[tuple[str, ...]] = ("part",)
    position: ClassVar[Position] = ()

    @property
    def text(self) -> str:
        """The limit as its marker says it."""
        return f"max_queries({self.bound}{part_in_words(self.part)})"

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterator[Self]:
        """Yield the limit. Raises MarkerError unless the value is a whole number."""
        try:
            yield cls(parse_whole(mark.value, least=0), backend, mark.part)
        except ValueError as error:
            raise MarkerError(f"max_queries({written(mark.value)}): {error}") from None

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit, distance and the statement that is repeated most, or why it can't
        pass. None if the limit is met."""
        queries = result.queries
        if queries is None:
            why = result.queries_unknown or "they were not counted"
            return f"queries: not known because {why}, so {self.text} can't pass"
        if queries.count <= self.bound:
            return None
        over = f"{queries.count - self.bound:,} over"
        said = f"queries: {queries.count:,}, limit {self.text}, {over}"
        most = queries.most_repeated
        return said if most is None else f"{said}: {most.count:,} times {most.at}"
