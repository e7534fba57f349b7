"""Shows bursts while they run, and says how each has ended."""

from __future__ import annotations

import pytest

from pytest_djworkers.report.progress_line import finished_line
from pytest_djworkers.run.choose_display import choose_display, is_plain
from pytest_djworkers.run.live.burst_progress import BurstProgress
from pytest_djworkers.run.live.terminal_line import TerminalLine
from pytest_djworkers.run.transport import bursts_on
from pytest_djworkers.run.uncaptured import begin_result, print_between_results

_LINES_OF_PDB = 2
"""The lines that pytest prints before it says that a debugger starts."""


class ProgressPlugin:
    """Gives the run's progress its display, and takes it away for a debugger."""

    def __init__(self, config: pytest.Config, progress: BurstProgress) -> None:
        self._config = config
        self._progress = progress
        self._line: TerminalLine | None = None

    def pytest_sessionstart(self) -> None:
        """Choose the display: pytest's reporter is there now, and nothing is captured yet."""
        self._line = choose_display(self._config, self._progress)

    @pytest.hookimpl(tryfirst=True, specname="pytest_runtest_logreport")
    def pytest_djworkers_begin_result(self, report: pytest.TestReport) -> None:
        """Begin a line for the test's dot below the lines on its bursts."""
        # pytest prints nothing of a setup or a teardown that passes.
        if report.when == "call" or not report.passed:
            begin_result(self._config, report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print the lines on the bursts of a worker of pytest-xdist, whose output nobody sees."""
        if report.when != "call" or not hasattr(report, "node"):
            return
        verbosity = self._config.get_verbosity()
        if verbosity > 0 or (verbosity == 0 and is_plain(self._config)):
            for record in bursts_on(report):
                print_between_results(self._config, f"djworkers: {finished_line(record)}")

    def pytest_enter_pdb(self) -> None:
        """Erase the line above a debugger's prompt, which the site's code may start in a seed."""
        if self._line is not None:
            self._line.erase_above(_LINES_OF_PDB)

    def pytest_unconfigure(self) -> None:
        """Give the terminal back."""
        self._progress.close()
