"""The groups of a run's records: those of an endpoint stand together, whatever served it."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_djworkers.record import BurstRecord


def grouped(records: Iterable[BurstRecord]) -> dict[tuple[str, str], list[BurstRecord]]:
    """Return the records by endpoint, in the order in which they come."""
    groups: dict[tuple[str, str], list[BurstRecord]] = {}
    for record in records:
        # The group leaves the backend out, so that the backends of an endpoint stand together.
        groups.setdefault(record.group, []).append(record)
    return groups
