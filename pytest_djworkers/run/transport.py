"""Bursts on test reports: so they reach the process that reports them, under pytest-xdist too."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import pytest

from pytest_djworkers.record import BurstRecord

_ATTRIBUTE = "djworkers_bursts"
LOG_OF = "Captured log of "
"""The beginning of the title of a report's section with a server's log; the backend follows."""


def put_bursts_on(report: pytest.TestReport, records: Iterable[BurstRecord]) -> None:
    """Put the bursts on a report, as simple types."""
    # pytest-xdist sends a report's attributes to the controller if they are simple.
    setattr(report, _ATTRIBUTE, [record.to_dict() for record in records])


def is_of_load_test(report: pytest.TestReport) -> bool:
    """Return True if a report is of a load test, whether or not it fired a burst."""
    return hasattr(report, _ATTRIBUTE)


def bursts_on(report: pytest.TestReport) -> list[BurstRecord]:
    """Return the bursts on a report; none if it has none."""
    return [BurstRecord.from_dict(one) for one in getattr(report, _ATTRIBUTE, None) or ()]


class CollectedBursts:
    """The bursts of a run, collected from its test reports."""

    def __init__(self) -> None:
        self._by_test: dict[tuple[str, object], list[BurstRecord]] = {}

    @property
    def records(self) -> list[BurstRecord]:
        """The bursts of each test's last attempt, in the order in which tests first began."""
        return list(chain.from_iterable(self._by_test.values()))

    def take_from(self, report: pytest.TestReport) -> None:
        """Take a report's bursts, which replace those of the test's earlier reports."""
        data = getattr(report, _ATTRIBUTE, None)
        if data is None:
            return
        # With --dist=each of pytest-xdist every worker runs every test: those are no attempts.
        key = report.nodeid, getattr(report, "worker_id", None)
        self._by_test[key] = [BurstRecord.from_dict(one) for one in data]
