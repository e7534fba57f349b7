"""The rows of tables of functions: the time of a request that servers spend in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_djworkers.profiling.differences import Difference
from pytest_djworkers.profiling.explanation import FunctionChange
from pytest_djworkers.profiling.time_spent import TimePart, TimeSpent
from pytest_djworkers.report.figures import UNKNOWN
from pytest_djworkers.units import before_and_after, format_duration, format_longer_by, format_share

MOST_FUNCTIONS = 20
"""The number of functions that are worth a look; the rest is folded, or left out."""
TEXT_OF_FUNCTIONS = frozenset({"function", "marks", "of", "file"})


def function_rows(functions: Iterable[FunctionChange]) -> list[Mapping[str, str]]:
    """Return the row of each function, with all columns; ``of`` is empty if all are of CPU time.

    The change is that of the function with all that it calls.
    """
    listed = list(functions)
    has_waiting = any(one.is_waiting for one in listed)
    return [
        {
            "function": one.function.name,
            "change": format_longer_by(one.total.change_s),
            "interval": " to ".join(map(format_longer_by, one.total.interval_s)),
            "marks": _marks(one),
            "own time": _both(one.own),
            "with calls": _both(one.total),
            "of": ("waiting" if one.is_waiting else "CPU") if has_waiting else "",
            "file": one.function.file,
        }
        for one in listed
    ]


def part_rows(parts: Iterable[TimePart], found: TimeSpent) -> list[Mapping[str, str]]:
    """Return the row of each part of the time that one server spends on a request."""
    return [
        {
            "function": one.function.name,
            "time": format_duration(one.time_s),
            "share": _share(one, found),
            "of": "CPU" if one.wait is None else f"waiting for {one.wait.value}",
            "file": one.function.file,
        }
        for one in parts
    ]


def _share(part: TimePart, found: TimeSpent) -> str:
    whole_s = found.cpu_s if part.wait is None else found.waiting_s
    return format_share(part.time_s / whole_s) if whole_s else UNKNOWN


def _marks(change: FunctionChange) -> str:
    marks = {"certain": change.is_certain, "edited": change.is_edited}
    return ", ".join(name for name, is_set in marks.items() if is_set)


def _both(times: Difference) -> str:
    if not (times.base_s or times.head_s):
        # It is too little to be told.
        return UNKNOWN
    before, after = format_duration(times.base_s), format_duration(times.head_s)
    return after if before == after else before_and_after(before, after)
