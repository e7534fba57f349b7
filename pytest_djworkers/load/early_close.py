"""The condition under which a window closes before its time is over."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EarlyClose:
    """The least that a window must have; it closes as soon as both are reached.

    Unexpected responses and failed requests count among the responses.
    """

    after_s: float
    """The least time for which the window is open, in seconds."""
    responses: int
    one_wave: bool = False
    """True if each connection sends one request only, all at the beginning. A slow view that serves
    all of them together would have begun a second wave before the last response of the first."""
