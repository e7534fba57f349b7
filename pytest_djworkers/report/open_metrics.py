"""OpenMetrics text: the metrics report of GitLab, which shows changes in a merge request.

https://docs.gitlab.com/ci/testing/metrics_reports and
https://prometheus.io/docs/specs/om/open_metrics_spec. All figures are gauges, in base units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_djworkers.report.document import BurstEntry, Document


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    """The name ends in the unit, if there is one."""
    value: Callable[[BurstEntry], float | None]
    unit: str = ""


_METRICS = (
    _Metric("requests_per_second", lambda one: one.rps),
    _Metric("p50_seconds", lambda one: one.figures.p50_s, "seconds"),
    _Metric("p95_seconds", lambda one: one.figures.p95_s, "seconds"),
    _Metric("p99_seconds", lambda one: one.figures.p99_s, "seconds"),
    _Metric("cpu_per_request_seconds", lambda one: one.figures.cpu_per_request_s, "seconds"),
    _Metric("memory_bytes", lambda one: one.figures.memory_bytes, "bytes"),
    _Metric("queries", lambda one: one.figures.queries),
    _Metric("timeouts", lambda one: one.figures.timeouts),
    _Metric("errors", lambda one: one.figures.errors),
)


def as_open_metrics(document: Document) -> str:
    """Return the figures of each burst, a line for each; what is not known is left out."""
    lines = [line for metric in _METRICS for line in _family(metric, document)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _family(metric: _Metric, document: Document) -> Iterator[str]:
    name = f"djworkers_{metric.name}"
    yield f"# TYPE {name} gauge"
    if metric.unit:
        yield f"# UNIT {name} {metric.unit}"
    # By its labels, since a series may have one value only; that of a later attempt counts.
    values = {_labels(one): metric.value(one) for one in document.bursts}
    yield from (f"{name}{labels} {value}" for labels, value in values.items() if value is not None)


def _labels(entry: BurstEntry) -> str:
    record = entry.record
    labels = {"test": record.test, "burst": record.result.name, "backend": record.backend}
    pairs = (f'{name}="{_escaped(text)}"' for name, text in labels.items())
    return f"{{{','.join(pairs)}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
