"""The event loop that servers which choose for themselves would choose."""

from __future__ import annotations

from importlib.util import find_spec


def default_event_loop() -> str:
    """``uvloop`` where it is installed. Said to the server and in the report, so that installing
    it does not change figures without a word."""
    return "asyncio" if find_spec("uvloop") is None else "uvloop"
