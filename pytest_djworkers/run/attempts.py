"""Attempts at one test: the figures of the last one are the test's.

Plugins run a failed test again in ways of their own. pytest-rerunfailures and flaky go through
pytest's protocol, and report each attempt or the last; pytest-retry calls the hooks of setup and
call from within the first attempt's report. All of them set an item up anew for each attempt, and
end with its teardown, so that is where one begins and where its figures are told once more.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.run.stash import ATTEMPT, BURST

_REPORT_ATTRIBUTE = "djworkers_bursts"
_PROPERTY = "djworkers "


def begin_attempt(item: pytest.Item) -> None:
    """Forget the bursts and the properties of an earlier attempt."""
    item.stash[ATTEMPT] = item.stash.get(ATTEMPT, 0) + 1
    if BURST in item.stash:
        del item.stash[BURST]
    item.user_properties[:] = [
        one for one in item.user_properties if not str(one[0]).startswith(_PROPERTY)
    ]


def records_of(item: pytest.Item) -> list[BurstRecord]:
    """The bursts of the attempt that was begun last."""
    burst = item.stash.get(BURST, None)
    attempt = item.stash.get(ATTEMPT, 1)
    return [] if burst is None else [replace(one, attempt=attempt) for one in burst.records]


def note_properties(item: pytest.Item) -> None:
    """Scalars for JUnit's properties."""
    noted = {name for name, _ in item.user_properties}
    for record in records_of(item):
        result, latency = record.result, record.result.latency
        figures = {
            "rps": round(result.rps, 2),
            "p50_s": latency and latency.p50,
            "p99_s": latency and latency.p99,
            "timeouts": result.timeouts,
            "errors": result.errors,
            "generator": result.generator.name,
            "verdict": record.verdict and record.verdict.value,
            "attempt": record.attempt if record.attempt > 1 else None,
        }
        item.user_properties.extend(
            (key, value)
            for name, value in figures.items()
            for key in [f"{_PROPERTY}{result.name} {name}"]
            if value is not None and key not in noted
        )


def put_on(report: pytest.TestReport, item: pytest.Item) -> None:
    """Put the bursts on a report: they travel to the controller on it."""
    if is_load_test(item):
        setattr(report, _REPORT_ATTRIBUTE, [record.to_dict() for record in records_of(item)])


class Measured:
    """The bursts of a run, as the reports bring them."""

    def __init__(self) -> None:
        self._by_test: dict[tuple[str, object], list[BurstRecord]] = {}

    @property
    def records(self) -> list[BurstRecord]:
        """Those of each test's last attempt, in the order in which tests were first begun."""
        return list(chain.from_iterable(self._by_test.values()))

    def take_from(self, report: pytest.TestReport) -> None:
        """Take a report's bursts in the place of those that its test had before.

        With ``--dist=each`` of pytest-xdist every worker runs every test: those are no attempts.
        """
        data = getattr(report, _REPORT_ATTRIBUTE, None)
        if data is not None:
            key = report.nodeid, getattr(report, "worker_id", None)
            self._by_test[key] = [BurstRecord.from_dict(one) for one in data]
