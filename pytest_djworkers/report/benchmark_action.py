"""The JSON that the GitHub action github-action-benchmark reads, which draws figures over time.

An array of objects with ``name``, ``unit`` and ``value``, and as text ``range`` and ``extra``:
https://github.com/benchmark-action/github-action-benchmark (its README, "Custom benchmarks"). A
step of the action says for the whole file if more is better, so there are two formats:

- requests/s, for its tool ``customBiggerIsBetter``;
- latencies and the CPU time of a request, for ``customSmallerIsBetter``.

The action tells figures apart by their name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pytest_djworkers.report.document import BurstEntry, Document

_MS = 1000


def speeds_as_json(document: Document) -> str:
    """Return the requests/s of each burst, for ``customBiggerIsBetter``."""
    return _as_json([_speed(entry) for entry in document.bursts])


def latencies_as_json(document: Document) -> str:
    """Return the latencies and the CPU time of each burst, for ``customSmallerIsBetter``."""
    return _as_json([one for entry in document.bursts for one in _times(entry)])


def _speed(entry: BurstEntry) -> dict[str, object]:
    found = entry.comparison
    data = _named(entry, "requests/s", "requests/s", entry.rps)
    # A burst is one sample, so only a comparison knows how far off its figure may be.
    if found is not None and found.smallest_visible is not None:
        data["range"] = f"± {entry.rps * found.smallest_visible:.4g}"
    return data


def _times(entry: BurstEntry) -> Iterator[dict[str, object]]:
    figures = entry.figures
    times = {
        "p50": figures.p50_s,
        "p95": figures.p95_s,
        "p99": figures.p99_s,
        "CPU per request": figures.cpu_per_request_s,
    }
    for figure, seconds in times.items():
        if seconds is not None:
            yield _named(entry, figure, "ms", seconds * _MS)


def _named(entry: BurstEntry, figure: str, unit: str, value: float) -> dict[str, object]:
    return {
        "name": f"{entry.record.key}: {figure}",
        "unit": unit,
        "value": value,
        "extra": _extra(entry),
    }


def _extra(entry: BurstEntry) -> str:
    """Return what the action shows beside the figure: the load, and remarks."""
    result = entry.record.result
    lines = [f"{result.profile.shape.connections} connections, {result.generator.name}"]
    return "\n".join([*lines, *entry.figures.remarks])


def _as_json(entries: list[dict[str, object]]) -> str:
    return json.dumps(entries, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
