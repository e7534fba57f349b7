"""The load that the collected tests get, as one line before they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pytest_djworkers.load.profile import Shape
from pytest_djworkers.report.figures import format_stages
from pytest_djworkers.units import counted, format_duration, format_rate


def load_line(shapes: Sequence[Shape]) -> str:
    """Return the load of tests with these shapes, at least one; where they differ, the range."""
    connections = _range((shape.connections for shape in shapes), "{:,}".format)
    noun = "connection" if connections == "1" else "connections"
    duration, warmup, timeout = (
        _range((getattr(shape, field) for shape in shapes), format_duration)
        for field in ("duration_s", "warmup_s", "timeout_s")
    )
    return (
        f"bursts of {connections} {noun} for {duration} after {warmup} of warm-up, timeout"
        f" {timeout}{_rates(shapes)}{_think_times(shapes)}"
        f"{format_stages(shapes[0]) if len(shapes) == 1 else ''}"
    )


def _rates(shapes: Sequence[Shape]) -> str:
    fixed = [shape.rate for shape in shapes if shape.rate and not shape.stages]
    if not fixed:
        return ""
    several = "" if len(fixed) == len(shapes) else f"{counted(len(fixed), 'test')} at "
    return f", {several}{_range(fixed, format_rate)} requests/s"


def _think_times(shapes: Sequence[Shape]) -> str:
    times = [shape.think_s for shape in shapes if shape.think_s]
    if not times:
        return ""
    several = "" if len(times) == len(shapes) else f"{counted(len(times), 'test')} with "
    return f", {several}think time {_range(times, format_duration)}"


def _range(values: Iterable[float], in_words: Callable[[float], str]) -> str:
    """Return the one value, or the least and the largest: ``1s to 10s``."""
    found = sorted(set(values))
    # Two values may look the same.
    ends = dict.fromkeys(map(in_words, (found[0], found[-1])))
    return " to ".join(ends)
