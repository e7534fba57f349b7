"""Two baselines side by side, burst by burst, for ``djworkers diff``: changes, never a verdict.

The two figures are of two sessions, and sessions differ by more than the code does. An import has
no windows at all. So these changes are for people to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.conditions import differing_conditions
from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.figures import StoredFigures, imported_figures, last_figures
from pytest_djworkers.baseline.files import broken
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.locate import read_file, shortened
from pytest_djworkers.baseline.machine import differing_machine
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.report.alignment import align
from pytest_djworkers.report.figures import UNKNOWN, format_latency
from pytest_djworkers.units import format_change, format_rate

_COLUMNS = ("", "requests/s", "mean", "p50", "p99", "CPU/req.", "timeouts", "errors", "")
_TEXT_COLUMNS = frozenset({""})


@dataclass(frozen=True, slots=True)
class _Entry:
    """One burst of one of the two files; latencies and CPU times are in seconds."""

    title: str
    rps: float
    rps_text: str
    """The requests/s as text; those of an import have the digits that wrk printed."""
    mean: float | None
    p50: float | None
    p99: float | None
    cpu_per_request: float | None
    timeouts: int
    errors: int
    remark: str
    conditions: Mapping[str, Any] = field(default_factory=dict)
    imported: Imported | None = None


def describe_differences(a: Path, b: Path) -> Iterator[str]:
    """Yield the lines on the changes from file A to file B.

    Raises BaselineError if a file can't be read.
    """
    a_content, b_content = read_file(a), read_file(b)
    yield from (f"A  {shortened(a)}", f"B  {shortened(b)}")
    if isinstance(a_content, Baseline) and isinstance(b_content, Baseline):
        a_machine, b_machine = a_content.machine, b_content.machine
        if a_machine != b_machine:
            yield f"two machines: {differing_machine(a_machine, b_machine)}"
    a_entries, b_entries = _entries(a, a_content), _entries(b, b_content)
    # One import can match several bursts, such as those of several tests of one endpoint.
    pairs = [(old, new) for old in a_entries for new in b_entries if _match(old, new)]
    for old, new in pairs:
        yield from ("", *_change(old, new))
    yield from _unpaired("A", a_entries, [old for old, _ in pairs])
    yield from _unpaired("B", b_entries, [new for _, new in pairs])


def _unpaired(side: str, entries: list[_Entry], paired: list[_Entry]) -> Iterator[str]:
    # By identity, since two entries with equal figures may have different partners.
    unpaired = [entry for entry in entries if not any(entry is other for other in paired)]
    if unpaired:
        yield ""
    yield from (f"only in {side}: {entry.title}" for entry in unpaired)


def _entries(file: Path, content: Baseline | tuple[Imported, ...]) -> list[_Entry]:
    if not isinstance(content, Baseline):
        return [_imported_entry(imported) for imported in content]
    try:
        return [
            _stored_entry(key, stored, last_figures(stored))
            for key, stored in sorted(content.bursts.items())
        ]
    except ValueError as error:
        raise broken(file, str(error)) from None


def _stored_entry(key: str, stored: StoredBurst, figures: StoredFigures) -> _Entry:
    return _Entry(
        title=key,
        rps=figures.rps,
        rps_text=format_rate(figures.rps),
        mean=figures.mean,
        p50=figures.p50,
        p99=figures.p99,
        cpu_per_request=figures.cpu_per_request_s,
        timeouts=figures.timeouts,
        errors=figures.errors,
        remark=figures.saved.partition("T")[0],
        conditions=stored.conditions,
    )


def _imported_entry(imported: Imported) -> _Entry:
    figures, run = imported_figures(imported), imported.run
    mean, p50, p99 = map(_float, (run.mean_s, run.percentile_s(50), run.percentile_s(99)))
    return _Entry(
        title=f"{imported.document}: {imported.key}",
        rps=figures.rps,
        rps_text=run.requests_per_s,
        mean=mean,
        p50=p50,
        p99=p99,
        cpu_per_request=None,
        timeouts=figures.timeouts,
        errors=figures.errors,
        remark="imported",
        imported=imported,
    )


def _match(old: _Entry, new: _Entry) -> bool:
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


def _change(old: _Entry, new: _Entry) -> Iterator[str]:
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


def _cells(side: str, entry: _Entry) -> tuple[str, ...]:
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


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _ratio(before: float | None, after: float | None) -> str:
    return format_change(after / before) if before and after is not None else UNKNOWN
