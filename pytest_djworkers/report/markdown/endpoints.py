"""Endpoints: their names, the records of each, and what is said of a record below its row."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.grouping import grouped
from pytest_djworkers.report.markdown.blocks import item
from pytest_djworkers.report.reasons import reasons_of_burst, remarks_of_burst


def endpoint(record: BurstRecord) -> str:
    """Return the burst's name, and its test."""
    return f"{record.result.name} ({record.test_function})"


def by_endpoint(records: Sequence[BurstRecord]) -> list[tuple[str, list[BurstRecord]]]:
    """Return the records of each endpoint, in the order in which they were first measured."""
    return [(endpoint(members[0]), members) for members in grouped(records).values()]


def said_of(record: BurstRecord, *, about: str) -> list[str]:
    """Return a list's item on why a burst is what it is, and on what a reader must know of it.

    Nothing is returned if there is nothing to say.
    """
    texts = [*reasons_of_burst(record), *remarks_of_burst(record)]
    return item(*texts, about=about) if texts else []
