"""The shape of a burst: from options, from a marker, and from the arguments of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.options import BY_NAME, SHAPE_OPTIONS
from pytest_djworkers.units import format_duration, written


def parse_shape(given: Mapping[str, object]) -> dict[str, float]:
    """Return the values that a marker or a call gives, parsed; None stands for not given.

    Raises BurstArgumentError for an unknown name, or a value that can't be used.
    """
    values: dict[str, float] = {}
    for name, value in given.items():
        if name not in SHAPE_OPTIONS:
            raise BurstArgumentError(f"{name} is not one of {', '.join(SHAPE_OPTIONS)}")
        # burst(rate=None) is the same as burst(): wrappers pass their own default on.
        if value is None:
            continue
        try:
            values[name] = BY_NAME[name].parse(value)
        except ValueError as error:
            raise BurstArgumentError(f"{name}={written(value)}: {error}") from None
    return values


def shape_of(values: Mapping[str, Any]) -> Shape:
    """Return the shape with these values, by the names of their options."""
    shape = Shape(**{field: values[name] for name, field in SHAPE_OPTIONS.items()})
    # No think time is the same as none given, such as for a test in a class with a marker.
    return shape if shape.think_s else replace(shape, think_s=None)


def contradiction(shape: Shape) -> str:
    """Return why no burst can have this shape, in words; empty if one can."""
    if shape.rate is not None and shape.think_s:
        return (
            f"rate={shape.rate:g} and think={format_duration(shape.think_s)} can't be combined: at"
            " a fixed rate, the plan decides when a request begins. Leave out one of them (think=0"
            " stands for none)"
        )
    return ""


def values_of(shape: Shape) -> dict[str, float | None]:
    """Return the values of a shape by the names of their options."""
    return {name: getattr(shape, field) for name, field in SHAPE_OPTIONS.items()}


def flag_of(name: str, value: float) -> str:
    """Return the flag that sets this value: ``--djworkers-duration=250ms``."""
    return f"{BY_NAME[name].flag}={in_words(name, value)}"


def in_words(name: str, value: float | None) -> str:
    """Return a value as it is shown: ``250ms``, ``2000``."""
    if value is None:
        return "none" if name == "think" else "a closed loop"
    return format_duration(value) if SHAPE_OPTIONS[name].endswith("_s") else f"{value:g}"
