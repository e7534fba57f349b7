"""The figures of a comparison as text, by the heading of their column."""

from __future__ import annotations

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_lines import estimate_of_speed
from pytest_djworkers.units import (
    before_and_after,
    format_change,
    format_long_duration,
    format_rate,
    format_share,
)


def cells_of(record: BurstRecord) -> dict[str, str]:
    """Return the cells of a comparison; empty where something was not compared."""
    compared = record.against_base
    assert compared is not None
    estimate, figures = estimate_of_speed(compared), compared.figures
    low, high = map(format_change, estimate.interval) if estimate else ("", "")
    return {
        "requests/s": before_and_after(*(format_rate(arm.rps) for arm in figures))
        if figures
        else "",
        "change": format_change(estimate.ratio) if estimate else "",
        "interval": f"{low} to {high}" if estimate else "",
        "visible from": format_share(estimate.smallest_visible) if estimate else "",
        "took": format_long_duration(compared.took_s),
        "remarks": ", ".join(record.remarks),
    }
