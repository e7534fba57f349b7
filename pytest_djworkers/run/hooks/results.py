"""The results of a run: announced in the header, collected, written to files, and printed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from pytest_djworkers.errors import BaselineError
from pytest_djworkers.printable import printable
from pytest_djworkers.report import markdown
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report.header import header
from pytest_djworkers.report.terminal import print_summary
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.saving import save_baseline
from pytest_djworkers.run.transport import CollectedBursts


class ResultsPlugin:
    """Collects the bursts of all tests; under pytest-xdist, only the controller's has any use."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._bursts = CollectedBursts()
        self._passed: set[str] = set()
        self._outcomes = FileOutcomes()

    def pytest_report_header(self) -> list[str]:
        """Say what will be measured, and how."""
        lines = header(self._run.settings, self._run.baseline, self._run.comparison_setup)
        return [printable(line) for line in lines]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the bursts, and which tests passed."""
        self._bursts.take_from(report)
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        elif report.failed:
            # An error in teardown, or a later attempt.
            self._passed.discard(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files, each whole or not at all. One that can't be written fails the run."""
        # A worker has seen a part of the tests only.
        if self._run.xdist.controller_pid is not None:
            return
        for write in self._writers():
            try:
                write()
            except (BaselineError, OSError) as error:
                self._outcomes.problems.append(str(error))
        # The summary, which comes later, prints the problems.
        if self._outcomes.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table of results, and what became of the files."""
        # A test that is interrupted has no report to travel on, unless it had an earlier turn.
        interrupted = {(record.test, record.result.name) for record in self._run.cut_short}
        reported = [
            record
            for record in self._bursts.records
            if (record.test, record.result.name) not in interrupted
        ]
        records = [*reported, *self._run.cut_short]
        print_summary(terminalreporter, records, self._outcomes)

    def _writers(self) -> list[Callable[[], None]]:
        settings, records = self._run.settings, self._bursts.records
        writers: list[Callable[[], None]] = []
        if settings.save_baseline:
            machine = self._run.baseline.machine
            writers.append(
                partial(save_baseline, settings, machine, records, self._passed, self._outcomes)
            )
        if records:
            writers.extend(
                partial(markdown.write, file, records, self._outcomes) for file in settings.reports
            )
        return writers
