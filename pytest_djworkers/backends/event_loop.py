"""The event loop that servers choose if they are left to choose."""

from __future__ import annotations

from importlib.util import find_spec


def default_event_loop() -> str:
    """Return ``uvloop`` if it is installed, else ``asyncio``."""
    # The servers' own choice is the same, but then nobody sees why figures differ between two
    # machines. As an option it is in the report, and in the baseline's key. uvloop is only looked
    # for: pytest's process imports no part of a server.
    return "asyncio" if find_spec("uvloop") is None else "uvloop"
