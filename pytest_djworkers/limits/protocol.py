"""The protocol of a limit: one frozen class for each kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Protocol

from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.load.result import BurstResult

Position = tuple[float | str, ...]
"""The facts that tell a figure from others of its kind; empty where a kind has one figure."""


class Limit(Protocol):
    """A bound on one figure of a burst, set by a marker: absolute, or relative to another view."""

    marker: ClassVar[str]
    """The name of the marker that sets it."""
    arguments: ClassVar[tuple[str, ...]]
    """The marker's named arguments, besides ``backend``."""

    @property
    def backend(self) -> str | None:
        """The backend that it is for: a name, with any settings, or a whole spec. None for all."""

    @property
    def part(self) -> str | None:
        """The part of a mix that it is for, by its name; None for the whole burst."""

    @property
    def position(self) -> Position:
        """The place of its figure among those of its kind.

        Two limits of one kind, one part and one position are on the same figure: one replaces the
        other.
        """

    @property
    def text(self) -> str:
        """The limit as its marker says it, for messages."""

    @classmethod
    def read(cls, mark: Mark, backend: str | None) -> Iterable[Limit]:
        """Yield the limits that a marker sets. Raises MarkerError for a bad value."""

    def miss(self, result: BurstResult) -> str | None:
        """Return figure, limit and distance, or why it can't pass. None if the limit is met.

        The result is that of its part, if it is for one.
        """
