"""Figures as text, the same in every output."""

from __future__ import annotations

from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import ARROW, format_duration, format_rate

UNKNOWN = "-"


def format_latency(seconds: float | None) -> str:
    """Return a latency as text, or a dash for None."""
    return UNKNOWN if seconds is None else format_duration(seconds)


def format_pace(shape: Shape) -> str:
    """Return a burst's fixed rate or think time, to follow the rest of its shape, if it has one."""
    if shape.think_s:
        return f", think time {format_duration(shape.think_s)}"
    return "" if shape.rate is None else f", {format_rate(shape.rate)} requests/s"


def format_timeouts(result: BurstResult) -> str:
    """Return the number of timeouts; with a sign if the generator may have missed some."""
    # wrk counts no request that never ends.
    return f"{result.timeouts:,}{'+?' if result.hides_timeouts else ''}"


def with_arrows_for(encoding: str | None, text: str) -> str:
    """Return the text with ``->`` for each arrow if the encoding doesn't have arrows.

    ``encoding`` is None for a stream that takes any character.
    """
    try:
        ARROW.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):  # LookupError: Python doesn't know the encoding
        return text.replace(ARROW, "->")
    return text
