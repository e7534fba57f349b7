"""The results of a run: announced in the header, collected, written to files, and printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from pytest_djworkers.errors import BaselineError
from pytest_djworkers.printable import printable
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.figures import with_arrows_for
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report.header import header
from pytest_djworkers.report.terminal import print_summary
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.outcomes import CollectedOutcomes
from pytest_djworkers.run.reporting import document_of, report_to_github, write_reports
from pytest_djworkers.run.saving import save_baseline
from pytest_djworkers.run.transport import CollectedBursts


class ResultsPlugin:
    """Collects the bursts of all tests; under pytest-xdist, only the controller's has any use."""

    def __init__(self, run: RunContext, command: Sequence[str]) -> None:
        self._run = run
        self._command = command
        self._bursts = CollectedBursts()
        self._tests = CollectedOutcomes()
        self._outcomes = FileOutcomes()
        self._places: dict[str, int] = {}

    def pytest_report_header(self) -> list[str]:
        """Say what will be measured, and how."""
        lines = header(self._run.settings, self._run.baseline, self._run.comparison_setup)
        return [printable(line) for line in lines]

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note the order of collection, which is the same in all workers."""
        self._places = {test: place for place, test in enumerate(ids)}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the bursts and the outcomes of load tests."""
        self._bursts.take_from(report)
        self._tests.take_from(report)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the files, each whole or not at all. One that can't be written fails the run."""
        # A worker has seen a part of the tests only.
        if self._run.xdist is not None:
            return
        self._save_baseline()
        self._write_reports(int(exitstatus))
        # The summary, which comes later, prints the problems.
        if self._outcomes.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table of results, and what became of the files."""
        print_summary(terminalreporter, self._records, self._outcomes)
        encoding = getattr(sys.stdout, "encoding", None)
        for line in self._outcomes.for_github:
            terminalreporter.write_line(with_arrows_for(encoding, line))

    @property
    def _records(self) -> list[BurstRecord]:
        # A test that is interrupted has no report to travel on, unless it had an earlier turn.
        interrupted = {(record.test, record.result.name) for record in self._run.cut_short}
        reported = [
            record
            for record in self._bursts.records(self._place_of)
            if (record.test, record.result.name) not in interrupted
        ]
        return [*reported, *self._run.cut_short]

    def _place_of(self, test: str) -> int:
        # Without pytest-xdist, tests end in their order.
        return self._places.get(test, 0)

    def _save_baseline(self) -> None:
        settings, machine = self._run.settings, self._run.baseline.machine
        if not settings.save_baseline:
            return
        records = self._bursts.records(self._place_of)
        try:
            save_baseline(settings, machine, records, self._tests.passed, self._outcomes)
        except (BaselineError, OSError) as error:
            self._outcomes.problems.append(str(error))

    def _write_reports(self, exit_status: int) -> None:
        # A test that failed before its first burst is worth a report, too.
        tests = self._tests.all(self._place_of)
        if not (self._records or tests):
            self._outcomes.reports_left_out += [
                f"{one.file}: no load test ran" for one in self._run.settings.reports
            ]
            return
        document = document_of(
            self._run,
            self._records,
            tests,
            command=self._command,
            exit_status=exit_status,
        )
        write_reports(document, self._run.settings.reports, self._outcomes)
        report_to_github(document, self._run.settings, self._outcomes)
