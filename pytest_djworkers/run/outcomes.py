"""The outcomes of load tests, collected from their reports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.report.document import Outcome, TestOutcome
from pytest_djworkers.run.transport import LOG_OF, PlaceOf, is_of_load_test, test_of


class CollectedOutcomes:
    """The outcome of each load test's last attempt."""

    def __init__(self) -> None:
        self._by_test: dict[str, TestOutcome] = {}

    def all(self, place_of: PlaceOf) -> tuple[TestOutcome, ...]:
        """Return the outcomes of all load tests, in the order of these places."""
        return tuple(self._by_test[key] for key in sorted(self._by_test, key=place_of))

    @property
    def passed(self) -> frozenset[str]:
        """The node ids of the tests that passed."""
        return frozenset(one.test for one in self._by_test.values() if one.outcome == "passed")

    def take_from(self, report: pytest.TestReport) -> None:
        """Take the outcome of a phase of a test; a phase that passes leaves an earlier failure."""
        if not is_of_load_test(report) or (outcome := _outcome(report)) is None:
            return
        file, line, _ = report.location
        found = TestOutcome(
            test_of(report), outcome, file, (line or 0) + 1, _message(report), _log(report)
        )
        before = self._by_test.get(report.nodeid)
        if report.when == "teardown" and before is not None and before.outcome != "passed":
            # The test had failed already: that is the reason to begin with.
            found = replace(before, message=f"{before.message}\n{found.message}")
        self._by_test[report.nodeid] = found


def _outcome(report: pytest.TestReport) -> Outcome | None:
    """Return the outcome that a phase decides; None if it decides nothing."""
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "skipped"
    return "passed" if report.when == "call" and report.passed else None


def _message(report: pytest.TestReport) -> str:
    if report.passed:
        return ""
    if isinstance(report.longrepr, tuple):
        # A test that is skipped: its file, its line and the reason.
        return str(report.longrepr[2])
    # Not its longreprtext, which begins with the worker under pytest-xdist.
    return str(report.longrepr)


def _log(report: pytest.TestReport) -> tuple[str, ...]:
    found = (text for title, text in report.sections if title.startswith(LOG_OF))
    return tuple(next(found, "").splitlines())
