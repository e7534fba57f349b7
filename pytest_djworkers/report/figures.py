"""Figures as text, the same in every output."""

from __future__ import annotations

import re

from pytest_djworkers.load.profile import Shape
from pytest_djworkers.units import format_duration, format_rate

UNKNOWN = "-"
ARROW = "→"
# As the functions of units.py write figures: digits first, the unit behind them without a blank.
_FIGURE = re.compile(r"(?P<number>[\d.,]+)(?P<unit>\D*)")


def format_latency(seconds: float | None) -> str:
    """Return a latency as text, or a dash for None."""
    return UNKNOWN if seconds is None else format_duration(seconds)


def format_fixed_rate(shape: Shape) -> str:
    """Return a burst's fixed rate, to follow the rest of its shape; empty in a closed loop."""
    return "" if shape.rate is None else f", {format_rate(shape.rate)} requests/s"


def before_and_after(before: str, after: str) -> str:
    """Return two figures as one text: ``10.2ms`` and ``12.4ms`` make ``10.2 → 12.4 ms``.

    A unit that both figures share stands once, at the end.
    """
    number, unit = _split(before)
    new_number, new_unit = _split(after)
    old = number if unit == new_unit else f"{number} {unit}"
    return f"{old} {ARROW} {new_number} {new_unit}".rstrip()


def with_arrows_for(encoding: str | None, text: str) -> str:
    """Return the text with ``->`` for each arrow if the encoding doesn't have arrows.

    ``encoding`` is None for a stream that takes any character.
    """
    try:
        ARROW.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):  # LookupError: Python doesn't know the encoding
        return text.replace(ARROW, "->")
    return text


def _split(figure: str) -> tuple[str, str]:
    """Return the number and the unit of a figure."""
    match = _FIGURE.fullmatch(figure)
    assert match is not None, figure
    return match["number"], match["unit"]
