"""What changed of a statement between base and head, in a line of text."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_djworkers.load.query_plan import PlanNode, in_brackets
from pytest_djworkers.profiling.statement_changes import StatementChange
from pytest_djworkers.profiling.statement_times import LEAST_CHANGE_S
from pytest_djworkers.units import before_and_after, format_duration


def in_words(change: StatementChange) -> str:
    """Return what changed of a statement, such as ``40 times SELECT … FROM shop_item from
    shop/views.py:31``, with its time if that changed, and with new or lost sequential scans."""
    of = "" if change.alias == "default" else f" in {change.alias}"
    said = f"{_often(change)}{change.short}{of}{_place(change)}{_takes(change)}"
    return ": ".join(filter(None, (said, _scans(change))))


def _often(change: StatementChange) -> str:
    """Return how often a statement runs, in words that it follows; empty for once, as before."""
    base, head = change.base_count, change.head_count
    if base == head:
        return f"{head:,} times " if head > 1 else ""
    if base and head:
        return f"{before_and_after(f'{base:,}', f'{head:,}')} times "
    times = "" if base + head == 1 else f"{base + head:,} times "
    return f"no longer {times}" if base else times or "now "


def _place(change: StatementChange) -> str:
    word = "from" if change.more else "at"
    return f" {word} {change.place}" if change.place else ""


def _takes(change: StatementChange) -> str:
    """Return the time of all executions, if it matters."""
    word = "takes" if change.head_count == 1 else "take"
    verb = f", which {word}" if change.more else f" {word}"
    before, after = (format_duration(one) for one in (change.base_time_s, change.head_time_s))
    if change.is_time_told:
        return f"{verb} {before_and_after(before, after)}"
    is_new = not change.base_count and change.head_time_s >= LEAST_CHANGE_S
    return f"{verb} {after}" if is_new else ""


def _scans(change: StatementChange) -> str:
    new = change.explaining(change.new_sequential_scans)
    lost = change.explaining(change.lost_sequential_scans)
    if new:
        return f"{'now ' if change.base_count else ''}{_named(new)}"
    # With a statement that is gone, its scans are gone.
    return f"no longer {_named(lost)}" if lost and change.head_count else ""


def _named(scans: Iterable[PlanNode]) -> str:
    tables = " and ".join(f"{one.relation}{in_brackets(one.table_rows)}" for one in scans)
    return f"a sequential scan of {tables}"
