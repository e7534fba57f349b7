"""A marker of a test, and how a limit reads its value from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.units import written


@dataclass(frozen=True, slots=True)
class Mark:
    """The name and the arguments of a pytest marker, without pytest."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def value(self) -> Any:
        """The only positional argument. Raises MarkerError if there are none or several."""
        if len(self.args) != 1:
            raise MarkerError(f"{self.name} takes one value, but {len(self.args)} are given")
        return self.args[0]

    @property
    def part(self) -> str | None:
        """The part of a mix that it is for; None for the whole. Raises MarkerError."""
        part = self.kwargs.get("part")
        if part is not None and not (isinstance(part, str) and part):
            raise MarkerError(
                f"{self.name}(part={written(part)}): must be the name of a part of a mix, such as"
                " 'GET /'"
            )
        return part


def part_in_words(part: str | None) -> str:
    """Return the argument of a marker that names a part, after others; empty for the whole."""
    return "" if part is None else f", part={part!r}"
