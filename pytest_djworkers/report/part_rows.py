"""The parts of a mix and the stages of a burst, as they are shown below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pytest_djworkers.load.part_figures import PartFigures
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.report.figures import format_latency, format_queries
from pytest_djworkers.units import counted, format_rate, format_share

MOST_SHOWN = 10
"""The most parts in a table: those with the most requests; and the most stages: the first ones. The
JSON report has all of them."""
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class PartCells:
    """The texts of the figures of a part, or of a stage."""

    name: str
    share: str = ""
    """The part's share of the requests; empty for a stage."""
    figures: Mapping[str, str] = field(default_factory=dict)
    """The texts by the columns of the tables."""

    @property
    def title(self) -> str:
        """The name with the share."""
        return f"{self.name} ({self.share})" if self.share else self.name


def part_cells(result: BurstResult) -> Iterator[PartCells]:
    """Yield the cells of each part of a mix in its order, and a line for those left out."""
    by_share = sorted(result.parts, key=lambda name: -result.parts[name].share)
    shown = {*by_share[:MOST_SHOWN]}
    for name, figures in result.parts.items():
        if name in shown:
            yield _cells(name, figures)
    if left := len(by_share) - len(shown):
        yield PartCells(counted(left, "more part"))


def stage_cells(result: BurstResult) -> Iterator[PartCells]:
    """Yield the cells of each stage in its order, and a line for those left out."""
    for stage in result.stages[:MOST_SHOWN]:
        yield replace(_cells(stage.name, stage.figures), share="")
    if (left := len(result.stages) - MOST_SHOWN) > 0:
        yield PartCells(counted(left, "more stage"))


def _cells(name: str, figures: PartFigures) -> PartCells:
    latency = figures.latency
    cut = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
    return PartCells(
        cut,
        format_share(figures.share),
        {
            "requests/s": format_rate(figures.rps),
            "p50": format_latency(latency.p50),
            "p99": format_latency(latency.p99),
            "timeouts": f"{figures.timeouts:,}",
            "errors": f"{figures.errors:,}",
            "queries": format_queries(figures.queries),
        },
    )
