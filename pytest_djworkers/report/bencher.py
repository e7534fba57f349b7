"""Bencher Metric Format: the JSON that ``bencher run --adapter json`` reads.

An object of benchmarks, each an object of measures with a ``value`` and its bounds:
https://bencher.dev/docs/reference/bencher-metric-format. Of the measures, ``throughput`` (in
operations per second) and ``latency`` (in nanoseconds) are in each of Bencher's projects from the
beginning, and Bencher makes the others when it first sees them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pytest_djworkers.report.document import BurstEntry, Document

_NS = 1e9


def as_json(document: Document) -> str:
    """Return the figures of each burst. Times are in nanoseconds, as those of Bencher are."""
    data = {entry.record.key: _measures(entry) for entry in document.bursts}
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _measures(entry: BurstEntry) -> dict[str, Mapping[str, float]]:
    figures = entry.figures
    times = {
        "latency": figures.p50_s,
        "latency-p95": figures.p95_s,
        "latency-p99": figures.p99_s,
        "cpu-per-request": figures.cpu_per_request_s,
    }
    counts = {
        "memory": figures.memory_bytes,
        "timeouts": figures.timeouts,
        "errors": figures.errors,
    }
    return {
        "throughput": _throughput(entry),
        **{name: {"value": one * _NS} for name, one in times.items() if one is not None},
        **{name: {"value": one} for name, one in counts.items() if one is not None},
    }


def _throughput(entry: BurstEntry) -> Mapping[str, float]:
    found, value = entry.comparison, entry.rps
    if found is None or found.change is None or found.interval is None:
        return {"value": value}
    # The interval is that of the change. Laid around head's figure, it is that of the figure, since
    # base is what the change is taken from.
    low, high = ((1 + end) / (1 + found.change) for end in found.interval)
    return {"value": value, "lower_value": value * low, "upper_value": value * high}
