"""The order of records by their verdict."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.compare.result import WORST_FIRST
from pytest_djworkers.record import BurstRecord


def worst_first(records: Sequence[BurstRecord]) -> list[BurstRecord]:
    """Return the records by verdict, the worst first; those with the same one as measured."""
    return sorted(records, key=_badness)


def _badness(record: BurstRecord) -> int:
    verdict = record.verdict
    return len(WORST_FIRST) if verdict is None else WORST_FIRST.index(verdict)
