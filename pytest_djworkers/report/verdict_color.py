"""The color of a verdict on the terminal."""

from __future__ import annotations

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.verdict.judgement import Verdict

_COLORS = {
    Verdict.REGRESSED: "red",
    Verdict.IMPROVED: "green",
    Verdict.OK: "green",
    # No verdict was reached, so somebody should look.
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_COMPARED: "yellow",
}


def color_of(record: BurstRecord) -> str:
    """Return the name of pytest's markup for a record's verdict; empty without a verdict."""
    against_baseline = record.against_baseline
    # Most losses against a baseline only warn, since sessions differ by more than the code does.
    only_warns = against_baseline is not None and not against_baseline.fails
    if record.verdict is Verdict.REGRESSED and only_warns:
        return "yellow"
    return "" if record.verdict is None else _COLORS[record.verdict]
