"""The comparisons that are ``ok`` and no more: a line for each backend instead of their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.summary import remarks_below
from pytest_djworkers.units import counted
from pytest_djworkers.verdict.judgement import Verdict


def split_off_ok(
    records: Sequence[BurstRecord],
) -> tuple[list[BurstRecord], dict[str, list[BurstRecord]]]:
    """Return the records that need a row, and by backend those that are ``ok`` and no more.

    A backend with a single one gets a row for it: a line takes as much room, and has no figures.
    """
    plain: dict[str, list[BurstRecord]] = {}
    for record in records:
        if _is_plainly_ok(record):
            plain.setdefault(record.backend, []).append(record)
    by_backend = {name: members for name, members in plain.items() if len(members) > 1}
    folded = {id(record) for members in by_backend.values() for record in members}
    return [record for record in records if id(record) not in folded], by_backend


def line_of_ok(backend: str, records: Sequence[BurstRecord]) -> str:
    """Return the line of a backend's endpoints that are ``ok``."""
    times = Counter(record.result.name for record in records)
    names = [
        # Tests may have bursts of the same name.
        name if times[name] == 1 else f"{name} ({record.test_function})"
        for record in records
        for name in [record.result.name]
    ]
    return f"{backend}: {counted(len(records), 'endpoint')} ok: {', '.join(names)}"


def _is_plainly_ok(record: BurstRecord) -> bool:
    return (
        record.verdict is Verdict.OK
        and not record.remarks
        and not remarks_below(record, with_details=False)
    )
