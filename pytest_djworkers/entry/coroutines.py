"""Reads the stack of a coroutine that waits."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any


def suspended_frames(waiting: Any) -> Iterator[FrameType]:
    """Yield the frames of a coroutine and of what it waits for, the outermost first."""
    while waiting is not None:
        kind = next((one for one in ("cr", "gi", "ag") if hasattr(waiting, f"{one}_frame")), None)
        if kind is None:
            return
        if (frame := getattr(waiting, f"{kind}_frame")) is not None:
            yield frame
        waiting = getattr(waiting, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
