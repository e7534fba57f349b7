"""The plot of all comparisons of a run: each change of requests/s with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_djworkers.report.html.plots.plot import (
    Figures,
    Plot,
    Spec,
    row_axis,
    row_names,
    rule,
    spec_of,
)
from pytest_djworkers.report.html.plots.ratios import CHANGE_AXIS
from pytest_djworkers.units import format_change
from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.judgement import Verdict

_ROW_HEIGHT = 36
_AROUND = 60
_SYMBOLS = {
    Verdict.REGRESSED: ("triangle-down", "var(--bad)"),
    Verdict.IMPROVED: ("triangle-up", "var(--good)"),
    Verdict.INCONCLUSIVE: ("square", "var(--unsure)"),
    Verdict.NOT_COMPARED: ("cross", "var(--unsure)"),
    Verdict.OK: ("circle", "var(--ink-soft)"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """The change of requests/s in one comparison."""

    name: str
    verdict: Verdict
    word: str
    """The verdict as people read it."""
    estimate: Estimate

    @property
    def row(self) -> str:
        """The name of its row, which has the verdict, too."""
        return f"{self.name}: {self.word}"


def changes_plot(changes: Sequence[Change], tolerance: float) -> Plot | None:
    """Return the plot of these comparisons; None without any."""
    if not changes:
        return None
    names = [one.row for one in changes]
    values = [
        {
            "name": one.row,
            "change": one.estimate.ratio - 1,
            "low": one.estimate.interval[0] - 1,
            "high": one.estimate.interval[1] - 1,
            "verdict": one.verdict.value,
        }
        for one in changes
    ]
    return Plot(
        "changes",
        "Change of requests/s",
        f"{'; '.join(f'{one.name}: {one.word}, {one.estimate}' for one in changes)}.",
        _figures(changes),
        spec_of(values, _layers(names, tolerance), height=_AROUND + _ROW_HEIGHT * len(names)),
        note=f"A symbol is the estimate, its line the interval, and the dashed line the tolerance"
        f" of {format_change(1 - tolerance)}.",
    )


def _layers(names: Sequence[str], tolerance: float) -> list[Spec]:
    y, color = row_axis("name", names), _verdicts(1)
    low = {"field": "low", "title": "change of requests/s", **CHANGE_AXIS}
    return [
        rule("x", 0),
        rule("x", -tolerance, dashed=True),
        {
            "mark": {"type": "rule", "size": 2},
            "encoding": {"x": low, "x2": {"field": "high"}, "y": y, "color": color},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {
                "x": {"field": "change", "title": "change of requests/s", **CHANGE_AXIS},
                "y": y,
                "color": color,
                "shape": _verdicts(0),
            },
        },
        row_names("name", names),
    ]


def _verdicts(index: int) -> Spec:
    return {
        "field": "verdict",
        "type": "nominal",
        "scale": {
            "domain": [verdict.value for verdict in _SYMBOLS],
            "range": [look[index] for look in _SYMBOLS.values()],
        },
        "legend": None,
    }


def _figures(changes: Sequence[Change]) -> Figures:
    rows = [
        (
            one.name,
            one.word,
            format_change(one.estimate.ratio),
            " to ".join(map(format_change, one.estimate.interval)),
        )
        for one in changes
    ]
    return Figures(("endpoint", "verdict", "change", "interval"), tuple(rows))
