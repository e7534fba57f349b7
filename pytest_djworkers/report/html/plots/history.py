"""The plot of the stored baseline: the requests/s of its sessions, and of this run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_djworkers.report.document import BurstEntry, StoredPoint
from pytest_djworkers.report.html.plots.looks import Looks
from pytest_djworkers.report.html.plots.plot import Figures, Plot, Spec, spec_of
from pytest_djworkers.report.session_facts import commit_of, saved_at
from pytest_djworkers.units import format_rate

_MOST_TICKS = 8


def history_plot(by_server: Mapping[str, BurstEntry], looks: Looks) -> Plot | None:
    """Return the plot of the stored sessions by server; None if nothing is stored."""
    known = {name: one for name, one in by_server.items() if one.history}
    if not known:
        return None
    names = list(known)
    values = [point for name, one in known.items() for point in _points(name, one)]
    longest = max(len(one.history) for one in known.values())
    encoding = {
        "x": {
            "field": "session",
            "type": "quantitative",
            "title": "sessions ago",
            "scale": {"domain": [-longest, 0], "nice": False, "padding": 10},
            "axis": {
                "grid": False,
                "values": _ticks(longest),
                "labelExpr": "datum.value == 0 ? 'this run' : format(-datum.value, 'd')",
            },
        },
        "y": {
            "field": "rps",
            "type": "quantitative",
            "title": "requests/s",
            "axis": {"tickCount": 5, "format": ",~r"},
        },
        "color": looks.color(names),
    }
    layers: list[Spec] = [
        {"mark": "line", "encoding": {**encoding, "strokeDash": looks.dash(names)}},
        {
            "mark": {"type": "point", "filled": True},
            "encoding": {**encoding, "shape": looks.shape(names)},
        },
    ]
    return Plot(
        "history",
        "The stored baseline and this run",
        _in_words(known),
        _figures(known),
        spec_of(values, layers),
    )


def _points(name: str, entry: BurstEntry) -> list[Spec]:
    speeds = [*(one.rps for one in entry.history), entry.figures.rps]
    first = 1 - len(speeds)
    return [
        {"server": name, "session": number, "rps": rps} for number, rps in enumerate(speeds, first)
    ]


def _ticks(longest: int) -> list[int]:
    step = -(-longest // _MOST_TICKS)
    return list(range(0, -longest - 1, -step))


def _figures(known: Mapping[str, BurstEntry]) -> Figures:
    rows = [
        (name, saved_at(one.saved), commit_of(one.commit), format_rate(one.rps))
        for name, entry in known.items()
        for one in entry.history
    ]
    now = [(name, "this run", "", format_rate(entry.figures.rps)) for name, entry in known.items()]
    return Figures(("server", "saved", "commit", "requests/s"), (*rows, *now))


def _in_words(known: Mapping[str, BurstEntry]) -> str:
    parts = [
        f"{name}: {_speeds(entry.history)} stored, {format_rate(entry.figures.rps)} in this run"
        for name, entry in known.items()
    ]
    return f"Requests per second of the stored sessions and of this run. {'; '.join(parts)}."


def _speeds(points: Sequence[StoredPoint]) -> str:
    return ", ".join(format_rate(one.rps) for one in points)
