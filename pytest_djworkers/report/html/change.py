"""The change that a verdict is about: how large it is, and how sure."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_details import LEAST_LEVEL
from pytest_djworkers.report.comparison_lines import findings
from pytest_djworkers.units import counted, format_change
from pytest_djworkers.verdict.rounds import METRIC_NAMES


@dataclass(frozen=True, slots=True)
class Change:
    """A change in words."""

    size: str = ""
    """The change and its figure: ``-30.0% requests/s``; empty if there is none."""
    certainty: str = ""
    """Its interval, and what that rests on; empty if there is no change."""


NO_CHANGE = Change()


def change_of(record: BurstRecord, tolerance: float) -> Change:
    """Return the change by which a burst has its verdict."""
    if record.against_base is not None:
        return _between_arms(record.against_base)
    stored = record.against_baseline
    # A small change is not the reason: then it is another figure, which the verdict's line names.
    if stored is None or stored.ratio is None or abs(stored.ratio - 1) < tolerance:
        return NO_CHANGE
    return Change(
        f"{format_change(stored.ratio)} requests/s",
        "against the stored baseline; a single burst has no interval",
    )


def _between_arms(compared: ArmComparison) -> Change:
    worst = (one.judgement for one in findings(compared) if one.verdict is compared.verdict)
    judgement = next(worst, None)
    if judgement is None or judgement.estimate is None:
        return NO_CHANGE
    estimate = judgement.estimate
    low, high = map(format_change, estimate.interval)
    blocks = counted(estimate.blocks, "block")
    # A large change is decided by a few blocks, whose range is no interval to speak of.
    how = (
        f"at {100 * estimate.level:.4g}%, from {blocks}"
        if estimate.level >= LEAST_LEVEL
        else f"in each of {blocks}"
    )
    return Change(
        f"{format_change(estimate.ratio)} {METRIC_NAMES[judgement.metric]}",
        f"between {low} and {high} {how}",
    )
