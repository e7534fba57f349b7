"""The rows of a run that compared two arms, or several backends with the first one."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.compare.result import ArmComparison, ArmFigures
from pytest_djworkers.legend import Sign
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_lines import estimate_of_speed, word_of_all
from pytest_djworkers.report.figures import UNKNOWN, format_latency
from pytest_djworkers.report.table import Row, Table
from pytest_djworkers.units import (
    ARROW,
    before_and_after,
    format_change,
    format_duration,
    format_rate,
)
from pytest_djworkers.verdict.estimate import Estimate

NO_FIGURES = ArmFigures(0.0, None, None, 0, 0)
"""The figures of an arm that was not measured."""


def rows(records: Sequence[BurstRecord]) -> list[Row]:
    """Return each comparison's row."""
    return [Row(_cells(record), record=record, signs=signs(record)) for record in records]


DROPPED_WHEN_NARROW = ("remarks", "blocks", "took", "CPU/req.", "errors", "p95")
"""The columns of comparisons that a narrow terminal leaves out, the first to go first."""
BELOW_WHEN_NARROW = ("interval", "change")
"""The columns of comparisons that a very narrow terminal has below their rows."""
COMPARISONS = Table(rows, DROPPED_WHEN_NARROW, BELOW_WHEN_NARROW, worst_first=True)


def compared_of(record: BurstRecord) -> ArmComparison:
    """Return the comparison of a record that has one."""
    assert record.against_base is not None
    return record.against_base


def title(compared: ArmComparison) -> str:
    """Return the names of the arms and the seed."""
    base, head = compared.labels
    if compared.of_backends:
        arms = f"each backend against {base}"
    else:
        # A calibration compares the working tree with itself, which is no change.
        arms = f"{base} {ARROW} {head}" if compared.is_judged else f"{head} against {base}"
    return f"{arms}, seed {compared.seed}"


def shared_cells(record: BurstRecord) -> dict[str, str]:
    """Return the cells that revisions and backends have in common, by column."""
    compared = compared_of(record)
    base, head = compared.figures or (NO_FIGURES, NO_FIGURES)
    estimate = estimate_of_speed(compared)
    return {
        "verdict": word_of_all(compared),
        "change": format_change(estimate.ratio) if estimate else "",
        "interval": _interval(estimate),
        "p95": _latencies(base.p95_s, head.p95_s),
        "CPU/req.": _latencies(base.cpu_per_request_s, head.cpu_per_request_s),
        # Errors are sums over all rounds, and the other figures medians of them.
        "errors": "" if base is NO_FIGURES else _counts(base.errors, head.errors),
        "blocks": str(compared.blocks or ""),
        "took": format_duration(compared.took_s),
        "remarks": ", ".join(record.remarks),
    }


def signs(record: BurstRecord) -> dict[str, list[Sign]]:
    """Return the signs of a comparison's row, by column."""
    return {"remarks": [remark.sign for remark in record.remarks]}


def _cells(record: BurstRecord) -> dict[str, str]:
    shared = shared_cells(record)
    return {
        "backend": record.backend,
        "verdict": shared["verdict"],
        "requests/s": _speeds(record),
        **shared,
    }


def _speeds(record: BurstRecord) -> str:
    """Return the requests/s of base and head; without figures, those of the tests' own burst."""
    figures = compared_of(record).figures
    if figures is None:
        return before_and_after(UNKNOWN, format_rate(record.result.rps))
    return before_and_after(*(format_rate(one.rps) for one in figures))


def _interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.interval is None:
        return ""
    # Both ends are ratios of head to base, so the first is the larger loss.
    low, high = estimate.interval
    return f"{format_change(low)} to {format_change(high)}"


def _latencies(base: float | None, head: float | None) -> str:
    if base is None or head is None:
        return ""
    return before_and_after(format_latency(base), format_latency(head))


def _counts(base: int, head: int) -> str:
    return before_and_after(f"{base:,}", f"{head:,}")
