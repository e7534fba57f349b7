"""The plots of requests/s: a bar for each server's burst, or the rounds of each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from pytest_djworkers.report.html.plots.looks import Looks
from pytest_djworkers.report.html.plots.plot import (
    Figures,
    Plot,
    Spec,
    row_axis,
    row_names,
    spec_of,
)
from pytest_djworkers.units import format_rate

_ROW_HEIGHT = 42
_AROUND = 50
"""The height of the axis and its title, in pixels."""


def bars_plot(speeds: Mapping[str, float], looks: Looks) -> Plot:
    """Return the plot of each server's requests/s in its burst."""
    names = list(speeds)
    texts = {name: format_rate(rps) for name, rps in speeds.items()}
    values = [{"server": name, "rps": speeds[name], "text": texts[name]} for name in names]
    # Room for the text behind the longest bar.
    axis = _x_axis(domain=[0, 1.25 * max(speeds.values()) or 1])
    y = row_axis("server", names)
    layers = [
        {
            "mark": {"type": "bar", "height": 12},
            "encoding": {"x": axis, "y": y, "color": looks.color(names, legend=False)},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 4},
            "encoding": {"x": axis, "y": y, "text": {"field": "text"}},
        },
        row_names("server", names),
    ]
    spoken = "; ".join(f"{name}: {text}" for name, text in texts.items())
    return Plot(
        "speeds",
        "Requests/s",
        f"Requests per second. {spoken}.",
        Figures(("server", "requests/s"), tuple(texts.items())),
        spec_of(values, layers, height=_AROUND + _ROW_HEIGHT * len(names)),
    )


@dataclass(frozen=True, slots=True)
class ArmSpeeds:
    """The requests/s of one arm in each of its rounds that count."""

    server: str
    arm: str
    speeds: tuple[float, ...]

    @property
    def name(self) -> str:
        """The name of its row."""
        return f"{self.arm} · {self.server}" if self.server else self.arm


def rounds_of_arms_plot(arms: Sequence[ArmSpeeds], looks: Looks) -> Plot | None:
    """Return the plot of each arm's requests/s, round by round; None if nothing was measured."""
    measured = [one for one in arms if one.speeds]
    if not measured:
        return None
    servers = list(dict.fromkeys(one.server for one in measured))
    names = [one.name for one in measured]
    values = [
        {"arm": one.name, "server": one.server, "rps": rps}
        for one in measured
        for rps in one.speeds
    ]
    medians = [{"arm": one.name, "rps": median(one.speeds)} for one in measured]
    axis = _x_axis(zero=False, padding=8)
    y, color = row_axis("arm", names), looks.color(servers, legend=False)
    layers = [
        {
            "mark": {"type": "point", "filled": False, "opacity": 0.7},
            "encoding": {
                "x": axis,
                "y": y,
                "color": color,
                "shape": looks.shape(servers, legend=False),
            },
        },
        {
            "data": {"values": medians},
            "mark": {"type": "tick", "size": 14, "thickness": 3, "color": "var(--ink)"},
            "encoding": {"x": axis, "y": y},
        },
        row_names("arm", names),
    ]
    return Plot(
        "rounds-of-arms",
        "Requests/s of every round",
        _in_words(measured),
        _figures(measured),
        spec_of(values, layers, height=_AROUND + _ROW_HEIGHT * len(names)),
        note="A symbol is a round, the bar their median. The axis may not begin at 0.",
    )


def _x_axis(**scale: object) -> Spec:
    return {
        "field": "rps",
        "type": "quantitative",
        "title": "requests/s",
        "scale": scale,
        "axis": {"tickCount": 4, "format": ",~r"},
    }


def _in_words(arms: Sequence[ArmSpeeds]) -> str:
    parts = [
        f"{one.name}: median {format_rate(median(one.speeds))}, from {format_rate(min(one.speeds))}"
        f" to {format_rate(max(one.speeds))} in {len(one.speeds)} rounds"
        for one in arms
    ]
    return f"Requests per second of every round. {'; '.join(parts)}."


def _figures(arms: Sequence[ArmSpeeds]) -> Figures:
    rows = [
        (
            one.name,
            format_rate(median(one.speeds)),
            format_rate(min(one.speeds)),
            format_rate(max(one.speeds)),
            str(len(one.speeds)),
        )
        for one in arms
    ]
    return Figures(("arm", "median", "lowest", "highest", "rounds"), tuple(rows))
