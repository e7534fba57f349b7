"""Two baselines or reports side by side, burst by burst, for ``djworkers diff``.

The two figures are of two sessions, and sessions differ by more than the code does. An import has
no windows at all. So these changes are for people to look at, and never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.conditions import differing_conditions
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.locate import shortened
from pytest_djworkers.baseline.machine import differing_machine
from pytest_djworkers.report.alignment import align
from pytest_djworkers.report.difference_entries import Entry, content_of
from pytest_djworkers.report.figures import UNKNOWN, format_latency
from pytest_djworkers.units import format_change

_COLUMNS = ("", "requests/s", "mean", "p50", "p99", "CPU/req.", "timeouts", "errors", "")
_TEXT_COLUMNS = frozenset({""})


def describe_differences(a: Path, b: Path) -> Iterator[str]:
    """Yield the lines on the changes from file A to file B.

    Raises BaselineError or ReportError if a file can't be read.
    """
    a_content, b_content = content_of(a), content_of(b)
    yield from (f"A  {shortened(a)}", f"B  {shortened(b)}")
    a_machine, b_machine = a_content.machine, b_content.machine
    if a_machine and b_machine and a_machine != b_machine:
        yield f"two machines: {differing_machine(a_machine, b_machine)}"
    a_entries, b_entries = a_content.entries, b_content.entries
    # One import can match several bursts, such as those of several tests of one endpoint.
    pairs = [(old, new) for old in a_entries for new in b_entries if _match(old, new)]
    for old, new in pairs:
        yield from ("", *_change(old, new))
    yield from _unpaired("A", a_entries, [old for old, _ in pairs])
    yield from _unpaired("B", b_entries, [new for _, new in pairs])


def _unpaired(side: str, entries: list[Entry], paired: list[Entry]) -> Iterator[str]:
    # By identity, since two entries with equal figures may have different partners.
    unpaired = [entry for entry in entries if not any(entry is other for other in paired)]
    if unpaired:
        yield ""
    yield from (f"only in {side}: {entry.title}" for entry in unpaired)


def _match(old: Entry, new: Entry) -> bool:
    """Return whether two entries are of the same burst: the same test, headings or endpoint."""
    if old.imported and new.imported:
        return old.imported.key == new.imported.key
    if old.imported:
        return _is_of(old.imported, new.conditions)
    if new.imported:
        return _is_of(new.imported, old.conditions)
    return old.title == new.title


def _is_of(imported: Imported, conditions: Mapping[str, Any]) -> bool:
    # A stored request is a method and a path, such as "GET /json"; wrk prints no method.
    _, _, path = str(conditions.get("request")).partition(" ")
    return imported.is_of(path, conditions.get("backend"))


def _change(old: Entry, new: Entry) -> Iterator[str]:
    yield old.title
    if old.title != new.title:
        yield new.title
    change = (
        "change",
        _ratio(old.rps, new.rps),
        _ratio(old.mean, new.mean),
        _ratio(old.p50, new.p50),
        _ratio(old.p99, new.p99),
        _ratio(old.cpu_per_request, new.cpu_per_request),
        f"{new.timeouts - old.timeouts:+,}",
        f"{new.errors - old.errors:+,}",
        "",
    )
    rows = [_COLUMNS, _cells("A", old), _cells("B", new), change]
    yield from (f"  {line}" for line in align(rows, text_columns=_TEXT_COLUMNS))
    if (old.imported is None) != (new.imported is None) and old.mean and new.mean:
        # An import has only what wrk printed, which is corrected for coordinated omission.
        yield "  wrk corrects its latencies, so their change says nothing about the site"
    if old.conditions and new.conditions:
        for difference in differing_conditions(old.conditions, new.conditions):
            yield f"  {difference}"


def _cells(side: str, entry: Entry) -> tuple[str, ...]:
    return (
        side,
        entry.rps_text,
        format_latency(entry.mean),
        format_latency(entry.p50),
        format_latency(entry.p99),
        format_latency(entry.cpu_per_request),
        f"{entry.timeouts:,}",
        f"{entry.errors:,}",
        entry.remark,
    )


def _ratio(before: float | None, after: float | None) -> str:
    return format_change(after / before) if before and after is not None else UNKNOWN
