"""The plot of a comparison's rounds: the change in each, with the estimate and its interval."""

from __future__ import annotations

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.report.comparison_lines import estimate_of_speed, with_names
from pytest_djworkers.report.html.plots.plot import Figures, Plot, Spec, rule, spec_of
from pytest_djworkers.units import format_change, format_rate
from pytest_djworkers.verdict.rounds import Metric, Round

COUNTED, LEFT_OUT = "counts", "left out"
CHANGE_AXIS = {
    "axis": {"format": "+.0%", "tickCount": 5},
    "scale": {"zero": True, "nice": True},
    "type": "quantitative",
}


def ratios_plot(compared: ArmComparison, server: str, color: str) -> Plot | None:
    """Return the plot of every round's change of requests/s; None if nothing was measured."""
    values = [_value(number, one) for number, one in enumerate(compared.rounds, 1)]
    if not values:
        return None
    estimate = estimate_of_speed(compared)
    layers: list[Spec] = [rule("y", 0)]
    if estimate is not None:
        low, high = (end - 1 for end in estimate.interval)
        layers += [_band(low, high), _line_across(estimate.ratio - 1, color)]
    layers.append(_points(color))
    change = f"Estimate {estimate}" if estimate else "There is no estimate"
    return Plot(
        "ratios",
        f"Every round's change of requests/s: {server}" if server else "Every round's change",
        f"The change of requests per second in {len(values)} rounds"
        f"{f' under {server}' if server else ''}. {change}.",
        _figures(compared),
        spec_of(values, layers),
        note=f"{change}: the line and the band."
        + (
            " Changes of the machine's speed are taken off them, not off the rounds."
            if any(one.machine_log_ratio is not None for one in compared.rounds)
            else ""
        ),
    )


def change_of(one: Round) -> float:
    """Return a round's change of requests/s from base to head, as a fraction, as measured."""
    base, head = one.base.figure(Metric.RPS), one.head.figure(Metric.RPS)
    assert base is not None and head is not None  # noqa: PT018  # there are always requests/s
    return head / base - 1


def _value(number: int, one: Round) -> Spec:
    return {
        "round": number,
        "change": change_of(one),
        "use": LEFT_OUT if one.left_out else COUNTED,
    }


def _points(color: str) -> Spec:
    return {
        "mark": {"type": "point", "filled": False, "color": color, "size": 25},
        "encoding": {
            "x": {
                "field": "round",
                "type": "quantitative",
                "title": "round",
                "axis": {"grid": False, "tickMinStep": 1, "tickCount": 8, "format": "d"},
                "scale": {"zero": False, "nice": False, "padding": 8},
            },
            "y": {"field": "change", "title": "head against base", **CHANGE_AXIS},
            "shape": {
                "field": "use",
                "type": "nominal",
                "scale": {"domain": [COUNTED, LEFT_OUT], "range": ["circle", "cross"]},
                "legend": None,
            },
        },
    }


def _band(low: float, high: float) -> Spec:
    return {
        "data": {"values": [{"low": low, "high": high}]},
        "mark": {"type": "rect", "color": "var(--band)", "opacity": 0.5},
        "encoding": {
            "y": {"field": "low", "type": "quantitative"},
            "y2": {"field": "high"},
        },
    }


def _line_across(value: float, color: str) -> Spec:
    return {
        "data": {"values": [{"estimate": value}]},
        "mark": {"type": "rule", "color": color, "size": 2},
        "encoding": {"y": {"field": "estimate", "type": "quantitative"}},
    }


def _figures(compared: ArmComparison) -> Figures:
    rows = [
        (
            str(number),
            str(one.block + 1),
            format_rate(one.base.figure(Metric.RPS) or 0.0),
            format_rate(one.head.figure(Metric.RPS) or 0.0),
            format_change(1 + change_of(one)),
            with_names(compared, one.left_out or ""),
        )
        for number, one in enumerate(compared.rounds, 1)
    ]
    base, head = compared.labels if compared.of_backends else ("base", "head")
    return Figures(("round", "block", base, head, "change", "left out because"), tuple(rows))
