"""Bursts that were not compared with another revision: verdicts first, then each endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.burst_rows import BURSTS
from pytest_djworkers.report.explanations import explanations
from pytest_djworkers.report.figures import (
    format_latency,
    format_pace,
    format_queries,
    format_timeouts,
)
from pytest_djworkers.report.markdown.blocks import folded, heading, item, table
from pytest_djworkers.report.markdown.endpoints import by_endpoint, endpoint, said_of
from pytest_djworkers.report.markdown.text import escaped
from pytest_djworkers.report.part_rows import part_cells, stage_cells
from pytest_djworkers.report.standing import Standing, by_standing, standing_of
from pytest_djworkers.units import (
    before_and_after,
    format_change,
    format_duration,
    format_rate,
    format_size,
)

_SIGNED_COLUMNS = ("p50", "p99", "timeouts", "remarks")
"""The columns of the terminal's table whose signs are in this one, too."""
_TEXT_COLUMNS = frozenset({"server", "result", "remarks"})


def sections(records: Sequence[BurstRecord]) -> Iterator[list[str]]:
    """Yield a list of bursts for each verdict but ``ok``, then the figures of each endpoint."""
    for standing, ones in by_standing(records).items():
        if standing is not Standing.OK:
            yield [*heading(standing.value.capitalize()), *_reasons(ones)]
    for name, members in by_endpoint(records):
        yield [*heading(name), *_endpoint(members)]
    if meanings := explanations(BURSTS.rows(records), _SIGNED_COLUMNS, records):
        yield folded("what the remarks mean", [line for text in meanings for line in item(text)])


def _reasons(records: Sequence[BurstRecord]) -> list[str]:
    return [
        line for one in records for line in said_of(one, about=f"{endpoint(one)}, {one.backend}")
    ]


def _endpoint(records: Sequence[BurstRecord]) -> list[str]:
    # Bursts of one test may differ in their shape, if a test makes it depend on the backend.
    loads = dict.fromkeys(_load(record) for record in records)
    lines = [
        escaped("; ".join(loads)),
        "",
        *table([row for one in records for row in _rows(one)], text_columns=_TEXT_COLUMNS),
    ]
    said = [
        *_limits(records),
        *(
            line
            for one in records
            if standing_of(one) is Standing.OK
            for line in said_of(one, about=one.backend)
        ),
    ]
    return [*lines, *([""] if said else []), *said]


def _load(record: BurstRecord) -> str:
    shape, generator = record.result.profile.shape, record.result.generator
    return (
        f"{shape.connections:,} connections for {format_duration(shape.duration_s)}, timeout"
        f" {format_duration(shape.timeout_s)}{format_pace(shape)}, fired by {generator.name}"
    )


def _rows(record: BurstRecord) -> Iterator[dict[str, str]]:
    """Yield the row of a burst, and those of its parts and stages."""
    whole = _row(record)
    yield whole
    for part in (*part_cells(record.result), *stage_cells(record.result)):
        yield {
            **dict.fromkeys(whole, ""),
            # Markdown takes off blanks, so a sign indents it.
            "server": f"· {part.title}",
            **part.figures,
        }


def _row(record: BurstRecord) -> dict[str, str]:
    result, latency, usage = record.result, record.result.latency, record.result.usage
    standing = standing_of(record)
    return {
        "server": record.backend,
        "result": "passed" if standing is Standing.OK else standing.value,
        "requests/s": format_rate(result.rps),
        "p50": format_latency(latency.p50 if latency else None),
        "p99": format_latency(latency.p99 if latency else None),
        "timeouts": format_timeouts(result),
        "errors": f"{result.errors:,}",
        "CPU/request": "" if usage is None else format_latency(result.cpu_per_request_s),
        "memory": "" if usage is None else format_size(usage.memory_bytes),
        "queries": format_queries(result.queries),
        "baseline → now": _against_baseline(record),
        "remarks": ", ".join(record.remarks),
    }


def _against_baseline(record: BurstRecord) -> str:
    stored, found = record.stored, record.against_baseline
    if stored is None:
        return ""
    both = before_and_after(format_rate(stored.rps), format_rate(record.result.rps))
    ratio = found and found.ratio
    return f"{both} ({format_change(ratio)})" if ratio else both


def _limits(records: Sequence[BurstRecord]) -> list[str]:
    """Return an item for each set of limits, with the backends that it holds for."""
    held: dict[str, list[str]] = {}
    for record in records:
        if limits := ", ".join(limit.text for limit in record.limits):
            held.setdefault(limits, []).append(record.backend)
    for_all = len(held) == 1 and sum(map(len, held.values())) == len(records)
    return [
        line
        for limits, backends in held.items()
        for line in item(limits, about="limits" if for_all else f"limits, {', '.join(backends)}")
    ]
