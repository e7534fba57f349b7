"""A plot of the HTML report: its Vega-Lite specification, its text alternative and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Spec: TypeAlias = Mapping[str, Any]
"""A part of a Vega-Lite specification, as for JSON."""

WIDTH = 340
"""The width of every plot in pixels: that of a phone, so that its text is legible there. A wide
window has several plots side by side."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a plot as a table; the first cell of a row is its heading."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot, not yet drawn."""

    name: str
    """The name of its kind, for style sheets and tests."""
    title: str
    alternative: str
    """The plot in a sentence, for those who can't see it."""
    figures: Figures
    spec: Spec
    note: str = ""
    """A sentence on how to read it; empty if that is plain."""


def spec_of(values: Sequence[Spec], layers: Sequence[Spec], *, height: int = 190) -> Spec:
    """Return a specification of layers over the same data, in the style of the report."""
    return {
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": {"left": 2, "right": 10, "top": 4, "bottom": 2},
        "background": None,
        "config": _CONFIG,
        "data": {"values": list(values)},
        "layer": list(layers),
    }


def rule(channel: str, value: float, *, dashed: bool = False) -> Spec:
    """Return a layer with one line across the plot, at a value of ``x`` or ``y``."""
    mark = {"type": "rule", "color": "var(--ink-soft)", "size": 1}
    if dashed:
        mark["strokeDash"] = [4, 3]
    return {"data": {"values": [{}]}, "mark": mark, "encoding": {channel: {"datum": value}}}


def row_names(field: str, names: Sequence[str]) -> Spec:
    """Return a layer that writes the name of each row above it.

    An axis would take half of a phone's width for long names, or cut them off.
    """
    return {
        "data": {"values": [{field: name} for name in names]},
        "mark": {"type": "text", "align": "left", "baseline": "bottom", "dy": -9},
        "encoding": {"x": {"value": 0}, "y": row_axis(field, names), "text": {"field": field}},
    }


def row_axis(field: str, names: Sequence[str]) -> Spec:
    """Return the y axis of rows with these names, which ``row_names`` writes."""
    return {"field": field, "type": "nominal", "sort": list(names), "axis": None}


# The colours are the style sheet's, so that they follow the reader's choice of light or dark.
_AXIS = {
    "labelColor": "var(--ink-soft)",
    "titleColor": "var(--ink)",
    "gridColor": "var(--line)",
    "domainColor": "var(--ink-soft)",
    "tickColor": "var(--ink-soft)",
    "labelFontSize": 11,
    "titleFontSize": 11,
    "titleFontWeight": "normal",
}
_LEGEND = {
    "orient": "top",
    "direction": "vertical",
    "columns": 1,
    "title": None,
    "labelColor": "var(--ink)",
    "labelFontSize": 11,
    "labelLimit": 280,
    "symbolSize": 60,
    "symbolStrokeWidth": 2,
    "rowPadding": 1,
}
_CONFIG = {
    # The report says it in words of its own, and has the figures in a table.
    "aria": False,
    # vl-convert-python measures texts in Liberation Sans, which is as wide as Arial.
    "font": "Arial, 'Liberation Sans', sans-serif",
    "axis": _AXIS,
    "legend": _LEGEND,
    "view": {"stroke": None},
    "line": {"strokeWidth": 1.8},
    "point": {"size": 45, "strokeWidth": 1.5},
    "text": {
        "color": "var(--ink)",
        "fontSize": 11,
        "limit": WIDTH - 20,
        # The style sheet draws it below the letters, so that no line crosses them.
        "stroke": "var(--ground)",
        "strokeWidth": 3,
    },
}
