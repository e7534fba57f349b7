"""Two baselines side by side, burst by burst: changes, and never a verdict.

Two stored figures are of two sessions, and sessions differ by more than code does; an import
has no windows at all. So what is printed here is for people to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.files import broken
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.locate import read_file, shortened
from pytest_djworkers.baseline.session import imported_figures, last_figures
from pytest_djworkers.baseline.store import Baseline, differing_conditions, differing_machine
from pytest_djworkers.report.alignment import align
from pytest_djworkers.report.figures import format_latency
from pytest_djworkers.units import format_change, format_rate

_COLUMNS = ("", "requests/s", "mean", "p50", "p99", "timeouts", "errors", "")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One burst of a side; times in seconds."""

    title: str
    rps: float
    rps_text: str
    mean: float | None
    p50: float | None
    p99: float | None
    timeouts: int
    errors: int
    remark: str
    conditions: Mapping[str, Any] = field(default_factory=dict)
    imported: Imported | None = None


def differences(a: Path, b: Path) -> Iterator[str]:
    """The change from one file to the other, burst by burst. Raises BaselineError."""
    one, other = read_file(a), read_file(b)
    yield from (f"A  {shortened(a)}", f"B  {shortened(b)}")
    if isinstance(one, Baseline) and isinstance(other, Baseline) and one.machine != other.machine:
        yield f"two machines: {differing_machine(one.machine, other.machine)}"
    before, after = _entries(a, one), _entries(b, other)
    pairs = _paired(before, after)
    for entry, its in pairs:
        yield from ("", *_change(entry, its))
    for side, entries, index in (("A", before, 0), ("B", after, 1)):
        left = [entry for entry in entries if not any(entry is pair[index] for pair in pairs)]
        if left:
            yield ""
        yield from (f"only in {side}: {entry.title}" for entry in left)


def _entries(file: Path, content: Baseline | tuple[Imported, ...]) -> list[_Entry]:
    if not isinstance(content, Baseline):
        return [_imported_entry(one) for one in content]
    found = []
    for key, stored in sorted(content.bursts.items()):
        try:
            figures = last_figures(stored)
        except ValueError as error:
            raise broken(file, str(error)) from None
        found.append(
            _Entry(
                title=key,
                rps=figures.rps,
                rps_text=format_rate(figures.rps),
                mean=figures.mean,
                p50=figures.p50,
                p99=figures.p99,
                timeouts=figures.timeouts,
                errors=figures.errors,
                remark=figures.saved.partition("T")[0],
                conditions=stored.conditions,
            )
        )
    return found


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
        timeouts=figures.timeouts,
        errors=figures.errors,
        remark="imported",
        imported=imported,
    )


def _paired(before: list[_Entry], after: list[_Entry]) -> list[tuple[_Entry, _Entry]]:
    """Each of A with what it matches of B: the same test, headings or endpoint."""
    return [(entry, its) for entry in before for its in after if _match(entry, its)]


def _match(entry: _Entry, other: _Entry) -> bool:
    if entry.imported and other.imported:
        return entry.imported.key == other.imported.key
    if entry.imported:
        return _is_of(entry.imported, other.conditions)
    if other.imported:
        return _is_of(other.imported, entry.conditions)
    return entry.title == other.title


def _is_of(imported: Imported, conditions: Mapping[str, Any]) -> bool:
    _, _, path = str(conditions.get("request")).partition(" ")
    return imported.is_of(path, conditions.get("backend"))


def _change(entry: _Entry, its: _Entry) -> Iterator[str]:
    yield entry.title
    if entry.title != its.title:
        yield its.title
    change = (
        "change",
        _ratio(entry.rps, its.rps),
        _ratio(entry.mean, its.mean),
        _ratio(entry.p50, its.p50),
        _ratio(entry.p99, its.p99),
        f"{its.timeouts - entry.timeouts:+,}",
        f"{its.errors - entry.errors:+,}",
        "",
    )
    lines = align([_COLUMNS, _row("A", entry), _row("B", its), change], text_columns={""})
    yield from (f"  {line}" for line in lines)
    if (entry.imported is None) != (its.imported is None) and entry.mean and its.mean:
        yield "  wrk's latencies are as it corrects them: no change of theirs is the site's"
    if entry.conditions and its.conditions:
        for difference in differing_conditions(entry.conditions, its.conditions):
            yield f"  {difference}"


def _row(side: str, entry: _Entry) -> tuple[str, ...]:
    return (
        side,
        entry.rps_text,
        format_latency(entry.mean),
        format_latency(entry.p50),
        format_latency(entry.p99),
        f"{entry.timeouts:,}",
        f"{entry.errors:,}",
        entry.remark,
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _ratio(before: float | None, after: float | None) -> str:
    return format_change(after / before) if before and after is not None else "-"
