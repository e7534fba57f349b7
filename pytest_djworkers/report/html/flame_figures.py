"""The flame graphs of the HTML report, as shapes that the template draws.

They are drawn here and not by Vega: their places are shares of the width, so that one drawing fits
a phone and a desk with letters of the same size, and each frame has its figures when pointed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.differences import Difference
from pytest_djworkers.profiling.explanation import Explanation, FlameGraph, FunctionChange
from pytest_djworkers.profiling.time_spent import TimeSpent
from pytest_djworkers.report.frames.layout import Box, boxes_of
from pytest_djworkers.report.measured_stacks import CPU, WAITING, graphs_of, longer_s
from pytest_djworkers.units import before_and_after, format_duration, format_longer_by

_ROW_HEIGHT = 20
"""The height of a row in pixels."""
_LEAST_WAITING = 0.1
"""The share of CPU time from which on waiting has a graph of its own."""
_LEAST_CHANGE = 0.01
"""The share of all time from which on a change has a colour, if chance doesn't make it."""
_STRENGTHS = (0.03, 0.1)
"""The shares of all time from which on a change has a stronger colour."""
_WINDOWS = {"phone": 290, "tablet": 700, "desk": 1150}
"""The least width of a graph in each kind of window in pixels, the widest last."""
_SIGN, _LETTERS = 14, 40
"""The pixels that a sign and a few letters need."""
_MOST_NAMED = 12
_MOST_IN_WORDS = 3
_TITLES = {CPU: "CPU time", WAITING: "Waiting"}


@dataclass(frozen=True, slots=True)
class Shape:
    """A frame as it is drawn."""

    left: float
    """Its left side, in percent of the graph's width."""
    width: float
    row: int
    looks: str
    """The classes of the style sheet: its colour, and its owner."""
    sign: str
    """``+`` or ``-``, for those who can't tell the colours; empty without a change."""
    room_for_sign: str
    """The narrowest kind of window that has room for the sign; empty if none has."""
    text: str
    room: str
    """The narrowest kind of window that has room for the text, too; empty if none has."""
    title: str
    """The text that is shown when it is pointed at."""

    @property
    def top(self) -> int:
        """Its upper side in pixels."""
        return _ROW_HEIGHT * self.row


@dataclass(frozen=True, slots=True)
class FlameFigure:
    """A flame graph."""

    name: str
    """The name of its kind, for style sheets and tests."""
    title: str
    alternative: str
    """The graph in a sentence, for those who can't see it."""
    note: str
    """How to read it."""
    shapes: tuple[Shape, ...]

    @property
    def height(self) -> int:
        """The height in pixels."""
        return _ROW_HEIGHT * (1 + max(one.row for one in self.shapes))


def figures_of(found: Explanation, server: str) -> Iterator[FlameFigure]:
    """Yield the graphs of both arms: of CPU time, and of waiting if there is enough of it."""
    for kind, graph in _drawn(found):
        is_waiting = kind == WAITING
        changes = [one for one in found.functions if one.is_waiting == is_waiting]
        by_chance_s = found.visible_s
        if is_waiting:
            by_chance_s = median([one.total.either_way_s for one in changes] or [0.0])
        least_s = max(by_chance_s or 0.0, _LEAST_CHANGE * longer_s(graph))
        title = _title(kind, server, _times(found.waiting if is_waiting else found.cpu))
        yield _figure(kind, title, _largest(changes), graph, least_s)


def figures_of_arm(found: TimeSpent, server: str) -> Iterator[FlameFigure]:
    """Yield the graphs of one server alone, which have no colours of changes."""
    for kind, graph in _drawn(found):
        is_waiting = kind == WAITING
        whole_s = found.waiting_s if is_waiting else found.cpu_s
        title = _title(kind, server, "" if whole_s is None else format_duration(whole_s))
        parts = [one for one in found.parts if (one.wait is not None) == is_waiting]
        most = [f"{one.function} {format_duration(one.time_s)}" for one in parts[:_MOST_IN_WORDS]]
        yield _figure(kind, title, f"Most in: {'; '.join(most)}." if most else "", graph, None)


def _drawn(found: Explanation | TimeSpent) -> Iterator[tuple[str, FlameGraph]]:
    """Yield the kinds of time that have a graph, with their stacks."""
    least_s = _LEAST_WAITING * longer_s(found.cpu_flame)
    for kind, graph in graphs_of(found).items():
        if kind == CPU or longer_s(graph) > least_s:
            yield kind, graph


def _title(kind: str, server: str, times: str) -> str:
    return ": ".join(filter(None, (f"{_TITLES[kind]} per request, by function, {server}", times)))


def _times(whole: Difference | None) -> str:
    return "" if whole is None else _both(whole.base_s, whole.head_s)


def _figure(
    kind: str, title: str, alternative: str, graph: FlameGraph, least_s: float | None
) -> FlameFigure:
    """Return a graph; ``least_s`` is the least change that has a colour, None for head alone."""
    whole_s = longer_s(graph)
    return FlameFigure(
        f"flame-{kind.lower()}",
        title,
        f"{title}. {alternative}".strip(),
        _note(least_s),
        tuple(_shape(one, whole_s, least_s) for one in boxes_of(graph)),
    )


def _largest(changes: Sequence[FunctionChange]) -> str:
    most = [
        f"{one.function} {format_longer_by(one.total.change_s)}" for one in changes[:_MOST_IN_WORDS]
    ]
    return f"Largest changes: {'; '.join(most)}." if most else ""


def _note(least_s: float | None) -> str:
    compared = (
        " in base or in head, whichever is longer: red and + took longer in head, blue and -"
        f" shorter, grey changed by less than {format_duration(least_s or 0.0)}"
    )
    return (
        "A frame is a function, below the one that calls it, as wide as its time"
        f"{'' if least_s is None else compared}; outlined and bold is the site's own code. A chain"
        " of library functions is one frame, and a middleware stands beside what it calls."
    )


def _shape(box: Box, whole_s: float, least_s: float | None) -> Shape:
    sign = "" if least_s is None or abs(box.change_s) < least_s else "-+"[box.change_s > 0]
    strength = 1 + sum(abs(box.change_s) >= share * whole_s for share in _STRENGTHS)
    color = {"": "same", "+": f"more-{strength}", "-": f"less-{strength}"}[sign]
    return Shape(
        round(100 * box.left, 3),
        round(100 * box.width, 3),
        box.row,
        f"{color} {'site' if box.is_of_site else 'library'}",
        sign,
        _room(box, _SIGN),
        _text(box, has_changed=bool(sign), is_alone=least_s is None),
        _room(box, _LETTERS),
        _pointed_at(box, is_alone=least_s is None),
    )


def _room(box: Box, pixels: int) -> str:
    fitting = (window for window, width in _WINDOWS.items() if box.width * width >= pixels)
    return next(fitting, "")


def _text(box: Box, *, has_changed: bool, is_alone: bool) -> str:
    name = _name(box.functions[0])
    if len(box.functions) > 1:
        name = f"{name} … {_name(box.functions[-1])}"
    if is_alone:
        return f"{name} ({format_duration(box.head_s)})"
    return f"{name} ({format_longer_by(box.change_s)})" if has_changed else name


def _name(function: Function) -> str:
    return function.name.rpartition("<locals>.")[2]


def _pointed_at(box: Box, *, is_alone: bool) -> str:
    names = [str(one) if one.file else one.name for one in box.functions]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], "…", names[-1]]
    times = format_duration(box.head_s) if is_alone else _both(box.base_s, box.head_s)
    change = "" if is_alone else f" ({format_longer_by(box.change_s)})"
    return "\n".join((*names, f"{times} per request{change}"))


def _both(base_s: float, head_s: float) -> str:
    return before_and_after(format_duration(base_s), format_duration(head_s))
