"""A marker of a test, and how a limit reads its value from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_djworkers.errors import MarkerError


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
