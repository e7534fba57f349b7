"""Bursts on test reports: so they reach the process that reports them, under pytest-xdist too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

import pytest

from pytest_djworkers.record import BurstRecord

_ATTRIBUTE = "djworkers_bursts"
_TEST = "djworkers_test"
PlaceOf = Callable[[str], int]
"""Return the place of a test in the order of the run, by its report's node id. Tests in the same
place are in the order in which they first began."""
LOG_OF = "Captured log of "
"""The beginning of the title of a report's section with a server's log; the backend follows."""


def put_bursts_on(report: pytest.TestReport, test: str, records: Iterable[BurstRecord]) -> None:
    """Put the bursts of a test on its report, as simple types.

    ``test`` is its node id, which may differ from the report's under pytest-xdist.
    """
    setattr(report, _TEST, test)
    # pytest-xdist sends a report's attributes to the controller if they are simple.
    setattr(report, _ATTRIBUTE, [record.to_dict() for record in records])


def is_of_load_test(report: pytest.TestReport) -> bool:
    """Return True if a report is of a load test, whether or not it fired a burst."""
    return hasattr(report, _ATTRIBUTE)


def test_of(report: pytest.TestReport) -> str:
    """Return the node id of a report's load test, as it is in a run without pytest-xdist."""
    test: str = getattr(report, _TEST)
    return test


def bursts_on(report: pytest.TestReport) -> list[BurstRecord]:
    """Return the bursts on a report; none if it has none."""
    return [BurstRecord.from_dict(one) for one in getattr(report, _ATTRIBUTE, None) or ()]


class CollectedBursts:
    """The bursts of a run, collected from its test reports."""

    def __init__(self) -> None:
        self._by_test: dict[tuple[str, object], list[BurstRecord]] = {}

    def records(self, place_of: PlaceOf) -> list[BurstRecord]:
        """Return the bursts of each test's last attempt, in the order of these places."""
        keys = sorted(self._by_test, key=lambda key: place_of(key[0]))
        return list(chain.from_iterable(self._by_test[key] for key in keys))

    def take_from(self, report: pytest.TestReport) -> None:
        """Take a report's bursts, which replace those of the test's earlier reports."""
        data = getattr(report, _ATTRIBUTE, None)
        if data is None:
            return
        # With --dist=each of pytest-xdist every worker runs every test: those are no attempts.
        key = report.nodeid, getattr(report, "worker_id", None)
        self._by_test[key] = [BurstRecord.from_dict(one) for one in data]
