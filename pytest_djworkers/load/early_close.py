"""When a window may close before its time is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class EarlyClose:
    """The least that a window must have; it closes as soon as both are reached.

    Unexpected responses and failed requests count among the responses.
    """

    after_s: float
    """The least time that the window is open, in seconds."""
    responses: int

    @classmethod
    def from_dict(cls, data: dict[str, Any] | None) -> Self | None:
        """Return the object from its fields as they travel to an agent; None from None."""
        return None if data is None else cls(**data)
