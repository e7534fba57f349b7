"""The rows that every output shows: figures as text, the same words everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.unexpected import kinds_of, told
from pytest_djworkers.units import format_change, format_duration, format_rate, format_size
from pytest_djworkers.verdict.rule import Verdict

UNKNOWN = "-"
COLUMNS = (
    "backend",
    "generator",
    "requests/s",
    "vs baseline",
    "p50",
    "p99",
    "timeouts",
    "errors",
    "served",
    "CPU/req.",
    "memory",
    "remarks",
)
_TEXT_COLUMNS = frozenset({"backend", "generator", "remarks", "verdict"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``is_stored`` for the baseline's figures below a burst's."""

    cells: tuple[str, ...]
    is_stored: bool = False


def is_text(column: str) -> bool:
    """Whether a column holds words, not figures."""
    return column in _TEXT_COLUMNS


def grouped(records: Iterable[BurstRecord]) -> dict[tuple[str, str], list[BurstRecord]]:
    """Records by endpoint, in the order in which they were first measured."""
    groups: dict[tuple[str, str], list[BurstRecord]] = {}
    for record in records:
        groups.setdefault(record.group, []).append(record)
    return groups


def rows(record: BurstRecord) -> list[Row]:
    """A burst's row, and below it the stored figures where there are some."""
    result, stored = record.result, record.stored
    latency = result.latency
    found = [
        Row(
            (
                record.backend,
                result.generator.name,
                format_rate(result.rps),
                against_baseline(record),
                seconds(latency.p50 if latency else None),
                seconds(latency.p99 if latency else None),
                timeouts(result),
                f"{result.errors:,}",
                served(result),
                "" if result.usage is None else seconds(result.cpu_per_request_s),
                "" if result.usage is None else format_size(result.usage.memory_bytes),
                ", ".join(result.remarks),
            )
        )
    ]
    if stored is not None:
        found.append(
            Row(
                (
                    "  baseline",
                    "",
                    format_rate(stored.rps),
                    "",
                    seconds(stored.p50),
                    seconds(stored.p99),
                    f"{stored.timeouts:,}",
                    f"{stored.errors:,}",
                    "",
                    "",
                    "",
                    ", ".join(filter(None, (stored.saved.partition("T")[0], stored.remark))),
                ),
                is_stored=True,
            )
        )
    return found


def words(record: BurstRecord) -> list[str]:
    """What stands below a burst's row, in words: which errors, and that it is of a rerun."""
    found = []
    if kinds := kinds_of(record.result):
        found.append(f"errors: {told(kinds)}")
    if record.attempt > 1:
        found.append(f"rerun: these figures are of attempt {record.attempt} at the test")
    return found


def seconds(value: float | None) -> str:
    """A latency, or a dash where there is none."""
    return UNKNOWN if value is None else format_duration(value)


def at_rate(shape: Shape) -> str:
    """The fixed rate of a burst, to follow the rest of its shape; nothing in a closed loop."""
    return "" if shape.rate is None else f", {format_rate(shape.rate)} requests/s"


def timeouts(result: BurstResult) -> str:
    """The timeouts; with a sign where the generator may not have seen them all."""
    return f"{result.timeouts:,}{'+?' if result.hides_timeouts else ''}"


def served(result: BurstResult) -> str:
    """How many connections ever got an answer, of how many."""
    served_count = result.connections.served
    known = UNKNOWN if served_count is None else f"{served_count:,}"
    return f"{known}/{result.connections.requested:,}"


def against_baseline(record: BurstRecord) -> str:
    """The change against the stored figure, or the verdict where there is no figure."""
    comparison = record.against_baseline
    if comparison is None:
        return ""
    if comparison.ratio is not None:
        return format_change(comparison.ratio)
    return comparison.verdict.value


def notes(records: Iterable[BurstRecord]) -> list[str]:
    """What must be said in words below the table."""
    found = []
    for record in records:
        comparison = record.against_baseline
        where = f"{record.test} {record.result.name}"
        if comparison is None or comparison.verdict is Verdict.OK:
            continue
        only = comparison.verdict is Verdict.REGRESSED and not comparison.fails
        verdict = f"{comparison.verdict.value}{' (a warning)' if only else ''}"
        found.append(f"{verdict}: {where}: {comparison.reason}")
    return found
