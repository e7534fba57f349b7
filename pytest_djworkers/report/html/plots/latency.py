"""The plot of the latencies: the percentiles on a scale that shows the tail.

The x axis is logarithmic in 1/(1-q), as HdrHistogram plots it: 90%, 99% and 99.9% are equally far
apart. A line ends where fewer samples lie beyond than a percentile needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil, log10

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.report.figures import format_latency
from pytest_djworkers.report.html.plots.looks import Looks
from pytest_djworkers.report.html.plots.plot import Figures, Plot, Spec, spec_of

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9, 99.99)
"""The percentiles that have a symbol in the plot and a row in the table."""
# Half a doubling of 1/(1-q) from one to the next, until one in a million lies beyond.
_LINE = sorted({*(100 - 100 / 2 ** (step / 2) for step in range(41)), *PERCENTILES})
# From a microsecond, the least that the histogram tells, to days.
_DECADES = [float(f"1e{power}") for power in range(-6, 7)]
_STEPS = [digit * decade for decade in _DECADES for digit in (1, 2, 5)]
_MOST_TICKS = 8
# The words of units.py: 250us, 4ms, 2s.
_DURATION = (
    "datum.value < 1e-3 ? format(datum.value * 1e6, '~g') + 'us' :"
    " datum.value < 1 ? format(datum.value * 1e3, '~g') + 'ms' : format(datum.value, '~g') + 's'"
)
_PERCENT = "format(100 - 100 / datum.value, '~r') + '%'"


def latency_plot(latencies: Mapping[str, Latency], looks: Looks) -> Plot | None:
    """Return the plot of latencies by server; None if none of them has samples enough."""
    names = list(latencies)
    lines = [point for name in names for point in _line(name, latencies[name])]
    if not lines:
        return None
    symbols = [point for name in names for point in _symbols(name, latencies[name])]
    encoding = {"x": _x_axis(lines), "y": _y_axis(lines), "color": looks.color(names)}
    layers: list[Spec] = [
        {"mark": "line", "encoding": {**encoding, "strokeDash": looks.dash(names)}},
        {
            "data": {"values": symbols},
            "mark": {"type": "point", "filled": True},
            "encoding": {**encoding, "shape": looks.shape(names)},
        },
    ]
    return Plot(
        "latency",
        "Latency by percentile",
        _in_words(latencies),
        _figures(latencies),
        spec_of(lines, layers, height=220),
        note="Both axes are logarithmic. A line ends where too few samples lie beyond.",
    )


def _line(name: str, latency: Latency) -> Iterator[Spec]:
    return _points(name, latency, _LINE)


def _symbols(name: str, latency: Latency) -> Iterator[Spec]:
    return _points(name, latency, PERCENTILES)


def _points(name: str, latency: Latency, percentiles: Iterable[float]) -> Iterator[Spec]:
    for percent in percentiles:
        seconds = latency.percentile(percent)
        if seconds is None:
            return
        # The histogram counts in whole microseconds, and a logarithm has no zero.
        yield {
            "server": name,
            "beyond": 100 / (100 - percent),
            "seconds": max(seconds, 1e-6),
        }


def _x_axis(points: list[Spec]) -> Spec:
    last = max(point["beyond"] for point in points)
    ticks = [2.0, *(10.0**power for power in range(1, ceil(log10(max(last, 10))) + 1))]
    return {
        "field": "beyond",
        "type": "quantitative",
        "title": "percentile",
        "scale": {"type": "log", "domain": [1, max(last, 10)]},
        "axis": {"values": ticks, "labelExpr": _PERCENT},
    }


def _y_axis(points: list[Spec]) -> Spec:
    seconds = [point["seconds"] for point in points]
    low = max(step for step in _STEPS if step <= min(seconds))
    high = min((step for step in _STEPS if step >= max(seconds) and step > low), default=_STEPS[-1])
    ticks = [step for step in _STEPS if low <= step <= high]
    if len(ticks) > _MOST_TICKS:
        ticks = [step for step in _DECADES if low <= step <= high]
    return {
        "field": "seconds",
        "type": "quantitative",
        "title": "latency",
        "scale": {"type": "log", "domain": [low, high]},
        "axis": {"values": ticks, "labelExpr": _DURATION},
    }


def _figures(latencies: Mapping[str, Latency]) -> Figures:
    rows = [
        (f"p{percent:g}", *(format_latency(one.percentile(percent)) for one in latencies.values()))
        for percent in PERCENTILES
    ]
    longest = ("longest", *(format_latency(one.max) for one in latencies.values()))
    return Figures(("percentile", *latencies), (*rows, longest))


def _in_words(latencies: Mapping[str, Latency]) -> str:
    parts = [
        f"{name}: p50 {format_latency(one.p50)}, p99 {format_latency(one.p99)},"
        f" longest {format_latency(one.max)}"
        for name, one in latencies.items()
    ]
    return f"Latency by percentile. {'; '.join(parts)}."
