"""The rows of a run that compared two arms: figures as text, the same words everywhere."""

from __future__ import annotations

from pytest_djworkers.compare.result import ArmComparison, ArmFigures
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.table import UNKNOWN, Row, seconds
from pytest_djworkers.units import format_change, format_duration, format_rate
from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.rounds import Metric
from pytest_djworkers.verdict.rule import Verdict

COLUMNS = (
    "backend",
    "base requests/s",
    "head requests/s",
    "change",
    "interval",
    "p95",
    "CPU/req.",
    "errors",
    "blocks",
    "took",
    "verdict",
)
NO_FIGURES = ArmFigures(0.0, None, None, 0, 0)
"""Of an arm that was not measured."""


def rows(record: BurstRecord) -> list[Row]:
    """A comparison's row."""
    compared = record.against_base
    assert compared is not None
    base, head = compared.figures or (NO_FIGURES, NO_FIGURES)
    estimate = _estimate_of_speed(compared)
    return [
        Row(
            (
                record.backend,
                UNKNOWN if base is NO_FIGURES else format_rate(base.rps),
                format_rate(record.result.rps if head is NO_FIGURES else head.rps),
                format_change(estimate.ratio) if estimate else "",
                _interval(estimate),
                _pair(base.p95_s, head.p95_s),
                _pair(base.cpu_per_request_s, head.cpu_per_request_s),
                "" if base is NO_FIGURES else f"{base.errors:,} > {head.errors:,}",
                str(compared.blocks or ""),
                format_duration(compared.took_s),
                compared.verdict.value if compared.verdict else "",
            )
        )
    ]


def notes(record: BurstRecord) -> list[str]:
    """What must be said in words below the table, verdict first: all but a plain ``ok``."""
    compared = record.against_base
    return [
        f"{verdict.value}: {record.test} {record.result.name}: {reason}"
        for verdict, reason in (compared.reasons() if compared else ())
        if verdict is not Verdict.OK
    ]


def title(compared: ArmComparison) -> str:
    """What was compared with what."""
    base, head = compared.labels
    return f"{head} against {base}, seed {compared.seed}"


def _estimate_of_speed(compared: ArmComparison) -> Estimate | None:
    speed = [one for one in compared.judgements if one.metric is Metric.RPS]
    return speed[0].estimate if speed else None


def _interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.interval is None:
        return ""
    low, high = estimate.interval
    return f"{format_change(low)} to {format_change(high)}"


def _pair(base: float | None, head: float | None) -> str:
    return "" if base is None or head is None else f"{seconds(base)} > {seconds(head)}"
