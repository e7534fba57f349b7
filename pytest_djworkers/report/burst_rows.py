"""The rows of a run that measured bursts; parts, stages and stored figures stand below them."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.legend import Sign
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.figures import UNKNOWN, format_latency, format_queries, format_timeouts
from pytest_djworkers.report.part_rows import part_cells, stage_cells
from pytest_djworkers.report.table import Row, Table
from pytest_djworkers.units import format_change, format_duration, format_rate, format_size


def rows(records: Sequence[BurstRecord]) -> list[Row]:
    """Return each burst's row, followed by its parts, its stages and the stored figures."""
    return [row for record in records for row in _rows(record)]


def _rows(record: BurstRecord) -> list[Row]:
    found = [Row(_cells(record), record=record, signs=_signs(record))]
    result = record.result
    below = (*part_cells(result), *stage_cells(result))
    # Indented, since they stand below their burst.
    found += [Row({"backend": f"  {one.name}", **one.figures}, is_part=True) for one in below]
    if record.stored is not None:
        found.append(Row(_stored_cells(record.stored), is_stored=True))
    return found


# A remark that has no column stands below its row, so it gives way before any figure does.
BURSTS = Table(
    rows,
    dropped_when_narrow=(
        "generator",
        "remarks",
        "memory",
        "queries",
        "CPU/req.",
        "served",
        "verdict",
    ),
    below_when_narrow=("errors", "timeouts"),
)


def _cells(record: BurstRecord) -> dict[str, str]:
    result, latency = record.result, record.result.latency
    return {
        "backend": record.backend,
        "generator": result.generator.name,
        "requests/s": format_rate(result.rps),
        "vs baseline": _against_baseline(record),
        "verdict": _verdict(record),
        "p50": format_latency(latency.p50 if latency else None),
        "p99": format_latency(latency.p99 if latency else None),
        "timeouts": format_timeouts(result),
        "errors": f"{result.errors:,}",
        "served": _served(result),
        # Nobody looks at the processes of a server that isn't ours, so there is no usage.
        "CPU/req.": "" if result.usage is None else format_latency(result.cpu_per_request_s),
        "memory": "" if result.usage is None else format_size(result.usage.memory_bytes),
        "queries": format_queries(result.queries),
        "remarks": ", ".join(record.remarks),
    }


def _signs(record: BurstRecord) -> dict[str, Sequence[Sign]]:
    """Return the signs of a burst's row, by column."""
    result, latency = record.result, record.result.latency
    unknown = {
        "p50": latency is None or latency.p50 is None,
        "p99": latency is None or latency.p99 is None,
        "CPU/req.": result.usage is not None and result.cpu_per_request_s is None,
    }
    return {
        **{column: [Sign.UNKNOWN] for column, is_unknown in unknown.items() if is_unknown},
        "timeouts": [Sign.MAY_BE_MORE] if result.hides_timeouts else [],
        "served": [Sign.SERVED_UNKNOWN] if result.connections.served is None else [],
        "remarks": [remark.sign for remark in record.remarks],
    }


def _stored_cells(stored: StoredFigures) -> dict[str, str]:
    cost = stored.cpu_per_request_s
    return {
        "backend": "  baseline",  # indented, since it stands below its burst
        "requests/s": format_rate(stored.rps),
        # The date is enough. An import has no date, only a remark.
        "vs baseline": stored.saved.partition("T")[0],
        "p50": format_latency(stored.p50),
        "p99": format_latency(stored.p99),
        "timeouts": f"{stored.timeouts:,}",
        "errors": f"{stored.errors:,}",
        "CPU/req.": "" if cost is None else format_duration(cost),
        "remarks": stored.remark,
    }


def _served(result: BurstResult) -> str:
    """Return the number of connections that ever got a response, and that of all of them."""
    served = result.connections.served  # None if wrk fired: it knows of no single connection
    known = UNKNOWN if served is None else f"{served:,}"
    return f"{known}/{result.connections.requested:,}"


def _against_baseline(record: BurstRecord) -> str:
    """Return the change from the stored figure, or the verdict if there is no figure."""
    comparison = record.against_baseline
    if comparison is None:
        return ""
    if comparison.ratio is not None:
        return format_change(comparison.ratio)
    return comparison.verdict.value


def _verdict(record: BurstRecord) -> str:
    """Return the verdict on a change; without a change, it stands in its place."""
    comparison = record.against_baseline
    return "" if comparison is None or comparison.ratio is None else comparison.verdict.value
