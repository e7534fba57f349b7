"""The plots of what completed in each interval of the burst: expected responses, and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_djworkers.load.facts import Series
from pytest_djworkers.report.html.plots.looks import Looks
from pytest_djworkers.report.html.plots.plot import Figures, Plot, spec_of
from pytest_djworkers.units import format_duration


def requests_plot(by_server: Mapping[str, Series], looks: Looks) -> Plot | None:
    """Return the plot of the expected responses of each interval; None without any interval."""
    counts = {name: one.requests for name, one in by_server.items()}
    return _plot("requests", "Requests", by_server, counts, looks)


def errors_plot(by_server: Mapping[str, Series], looks: Looks) -> Plot | None:
    """Return the plot of the errors of each interval; None if there were none."""
    counts = {name: one.errors for name, one in by_server.items()}
    if not any(map(any, counts.values())):
        return None
    return _plot("errors", "Errors", by_server, counts, looks)


def _plot(
    name: str,
    title: str,
    by_server: Mapping[str, Series],
    counts: Mapping[str, Sequence[int]],
    looks: Looks,
) -> Plot | None:
    if not any(counts.values()):
        return None
    names = list(counts)
    interval_s = next(iter(by_server.values())).interval_s
    per = f"per {format_duration(interval_s)}"
    values = [
        # At the interval's end, when it is known.
        {"server": server, "second": round((number + 1) * by_server[server].interval_s, 6), "n": n}
        for server in names
        for number, n in enumerate(counts[server])
    ]
    encoding = {
        "x": {
            "field": "second",
            "type": "quantitative",
            "title": "seconds of the burst",
            "axis": {"grid": False, "tickCount": 6, "format": "~r"},
        },
        "y": {
            "field": "n",
            "type": "quantitative",
            "title": f"{title.lower()} {per}",
            "axis": {"tickCount": 5, "format": ",~r"},
        },
        "color": looks.color(names),
        "strokeDash": looks.dash(names),
    }
    return Plot(
        name,
        f"{title} {per} over the burst",
        _in_words(f"{title} {per}", counts),
        _figures(interval_s, counts),
        spec_of(values, [{"mark": "line", "encoding": encoding}]),
    )


def _figures(interval_s: float, counts: Mapping[str, Sequence[int]]) -> Figures:
    longest = max(map(len, counts.values()))
    rows = [
        (
            format_duration((number + 1) * interval_s),
            *(f"{one[number]:,}" if number < len(one) else "" for one in counts.values()),
        )
        for number in range(longest)
    ]
    return Figures(("until", *counts), tuple(rows))


def _in_words(title: str, counts: Mapping[str, Sequence[int]]) -> str:
    parts = [
        f"{name}: {min(one):,} to {max(one):,}, {sum(one):,} in all"
        for name, one in counts.items()
        if one
    ]
    return f"{title} over the burst. {'; '.join(parts)}."
