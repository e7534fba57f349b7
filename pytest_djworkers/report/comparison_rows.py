"""The rows of a run that compared two arms."""

from __future__ import annotations

from pytest_djworkers.compare.result import ArmComparison, ArmFigures
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.figures import UNKNOWN, format_latency
from pytest_djworkers.report.table import Row, Table
from pytest_djworkers.units import before_and_after, format_change, format_duration, format_rate
from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.rounds import Metric

NO_FIGURES = ArmFigures(0.0, None, None, 0, 0)
"""The figures of an arm that was not measured."""


def rows(record: BurstRecord) -> list[Row]:
    """Return a comparison's row."""
    compared = record.against_base
    assert compared is not None
    base, head = compared.figures or (NO_FIGURES, NO_FIGURES)
    estimate = _estimate_of_speed(compared)
    cells = {
        "backend": record.backend,
        "base requests/s": UNKNOWN if base is NO_FIGURES else format_rate(base.rps),
        "head requests/s": format_rate(record.result.rps if head is NO_FIGURES else head.rps),
        "change": format_change(estimate.ratio) if estimate else "",
        "interval": _interval(estimate),
        "p95": _latencies(base.p95_s, head.p95_s),
        "CPU/req.": _latencies(base.cpu_per_request_s, head.cpu_per_request_s),
        # Errors are sums over all rounds, and the other figures medians of them.
        "errors": "" if base is NO_FIGURES else _counts(base.errors, head.errors),
        "blocks": str(compared.blocks or ""),
        "took": format_duration(compared.took_s),
        "verdict": compared.verdict.value if compared.verdict else "",
    }
    return [Row(cells)]


COMPARISONS = Table(rows, dropped_when_narrow=("CPU/req.", "p95", "took"))


def title(compared: ArmComparison) -> str:
    """Return the names of the two arms and the seed."""
    base, head = compared.labels
    return f"{head} against {base}, seed {compared.seed}"


def _estimate_of_speed(compared: ArmComparison) -> Estimate | None:
    # Without a round that counts there is no judgement on any figure.
    speed = [judgement for judgement in compared.judgements if judgement.metric is Metric.RPS]
    return speed[0].estimate if speed else None


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
