"""OpenMetrics text: the metrics report of GitLab, which shows changes in a merge request.

https://docs.gitlab.com/ci/testing/metrics_reports and
https://prometheus.io/docs/specs/om/open_metrics_spec. All figures are gauges, in base units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from pytest_djworkers.report.document import BurstFigures, Document, figures_of


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    """The name ends in the unit, if there is one."""
    value: Callable[[BurstFigures], float | None]
    unit: str = ""


_METRICS = (
    _Metric("requests_per_second", lambda one: one.rps),
    _Metric("p50_seconds", lambda one: one.p50_s, "seconds"),
    _Metric("p95_seconds", lambda one: one.p95_s, "seconds"),
    _Metric("p99_seconds", lambda one: one.p99_s, "seconds"),
    _Metric("cpu_per_request_seconds", lambda one: one.cpu_per_request_s, "seconds"),
    _Metric("memory_bytes", lambda one: one.memory_bytes, "bytes"),
    _Metric("queries", lambda one: one.queries),
    _Metric("timeouts", lambda one: one.timeouts),
    _Metric("errors", lambda one: one.errors),
)


def as_open_metrics(document: Document) -> str:
    """Return the figures of each burst, a line for each; what is not known is left out.

    The parts of a mix have lines of their own, with the label ``part``.
    """
    # By their labels, since a series may have one value only; that of a later attempt counts.
    series = dict(_series(document))
    lines = [line for metric in _METRICS for line in _family(metric, series)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _series(document: Document) -> Iterator[tuple[str, BurstFigures]]:
    """Yield the labels of each burst and of each part of a mix, with its figures."""
    for entry in document.bursts:
        record = entry.record
        labels = {"test": record.test, "burst": record.result.name, "backend": record.backend}
        yield _labels(labels), replace(entry.figures, rps=entry.rps)
        for name in record.result.parts:
            yield _labels({**labels, "part": name}), figures_of(record.result.part(name))


def _family(metric: _Metric, series: Mapping[str, BurstFigures]) -> Iterator[str]:
    name = f"djworkers_{metric.name}"
    yield f"# TYPE {name} gauge"
    if metric.unit:
        yield f"# UNIT {name} {metric.unit}"
    values = {labels: metric.value(figures) for labels, figures in series.items()}
    yield from (f"{name}{labels} {value}" for labels, value in values.items() if value is not None)


def _labels(labels: Mapping[str, str]) -> str:
    pairs = (f'{name}="{_escaped(text)}"' for name, text in labels.items())
    return f"{{{','.join(pairs)}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
