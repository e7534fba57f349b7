"""Figures of bursts among a test's properties, which pytest writes into JUnit's XML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

import pytest

from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.cause_lines import main_cause
from pytest_djworkers.report.comparison_lines import findings, lines

_PREFIX = "djworkers "


def add_burst_properties(item: pytest.Item, records: Iterable[BurstRecord]) -> None:
    """Add the figures of the bursts to the item's properties, unless they are there."""
    # A plugin may call a test again without setting it up again.
    present = {name for name, _ in item.user_properties}
    for record in records:
        for figure, value in _figures(record).items():
            name = f"{_PREFIX}{record.result.name} {figure}"
            if value is not None and name not in present:
                item.user_properties.append((name, value))


def remove_burst_properties(item: pytest.Item) -> None:
    """Remove the figures of bursts from the item's properties."""
    item.user_properties[:] = [
        (name, value) for name, value in item.user_properties if not str(name).startswith(_PREFIX)
    ]


def _figures(record: BurstRecord) -> Mapping[str, object]:
    """Return simple values only: pytest-xdist carries them to its controller."""
    result = record.result
    return {
        **_figures_of_responses(result),
        **_figures_of_parts(result),
        "cpu_per_request_s": result.cpu_per_request_s,
        "memory_bytes": result.usage and result.usage.memory_bytes,
        **_figures_of_arms(record),
        "generator": result.generator.name,
        "verdict": record.verdict and record.verdict.value,
        "comparison": _comparison(record),
        "cause": (record.against_base and main_cause(record.against_base)) or None,
        "attempt": record.attempt if record.attempt > 1 else None,
    }


def _figures_of_responses(result: BurstResult) -> dict[str, object]:
    """Return the figures that a part of a mix has, too."""
    latency, queries = result.latency, result.queries
    return {
        "rps": round(result.rps, 2),
        "p50_s": latency and latency.p50,
        "p95_s": latency and latency.p95,
        "p99_s": latency and latency.p99,
        "timeouts": result.timeouts,
        "errors": result.errors,
        "queries": queries and queries.count,
    }


def _figures_of_parts(result: BurstResult) -> dict[str, object]:
    """Return the figures of each part of a mix, as ``part GET /search rps`` and so on."""
    return {
        f"part {part} {name}": value
        for part in result.parts
        for name, value in _figures_of_responses(result.part(part)).items()
    }


def _figures_of_arms(record: BurstRecord) -> dict[str, object]:
    """Return base's and head's figures in a comparison, as ``base rps`` and so on."""
    found = record.against_base and record.against_base.figures
    if not found:
        return {}
    return {
        f"{arm} {name}": round(value, 2) if name == "rps" else value
        for arm, figures in zip(("base", "head"), found, strict=True)
        for name, value in asdict(figures).items()
    }


def _comparison(record: BurstRecord) -> str | None:
    """Return what was found in a comparison, in the words of the report; None without one."""
    compared = record.against_base
    return None if compared is None else "\n".join(lines(compared, findings(compared))) or None
