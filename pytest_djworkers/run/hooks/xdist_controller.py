"""In the controller of pytest-xdist: prepares what its workers share."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.printable import printable
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.uncaptured import end_line, print_uncaptured
from pytest_djworkers.run.xdist import Collected, EndedAttempts, Told, share, shared, tell_worker

_WITHOUT_WAITS = {"load", "worksteal", "loadgroup"}
"""The values of ``--dist`` with which load tests and others take turns once."""

_PHASES = {"setup", "call", "teardown"}


class XdistControllerPlugin:
    """Tells the workers what they share, and makes for all of them what a comparison needs."""

    def __init__(self, config: pytest.Config, run: RunContext) -> None:
        self._config = config
        self._run = run
        self._dist: str = config.getoption("dist")
        self._has_begun = False
        self._ended: Counter[str] = Counter()
        """The attempts that pytest-rerunfailures has followed by another one, by node id."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker that is about to start what all of them share."""
        flags = self._run.settings.comparison_flags
        told = Told(
            str(self._run.workers_folder), self._dist, None if flags is None else flags.seed
        )
        try:
            tell_worker(node, told)
        except SettingsError as error:
            raise pytest.UsageError(printable(str(error))) from None

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Say what was collected, and make what a comparison is made with.

        No test is handed out meanwhile. What is missing ends the run at once.
        """
        if self._has_begun:
            return
        self._has_begun = True
        collected = shared(self._run.workers_folder, Collected)
        if collected is None or not collected.load_tests:
            return
        if self._config.get_verbosity() >= 0:
            # pytest-xdist rewrites a line on the terminal meanwhile.
            end_line(self._config)
            for line in (*collected.lines, *self._on_distribution(collected)):
                print_uncaptured(self._config, line)
        self._make_ready()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> object:
        """Return a scheduler that keeps each backend in one worker, with ``--dist=loadgroup``."""
        if self._dist != "loadgroup":
            return None
        from pytest_djworkers.run.xdist_groups import GroupsByBackend  # pytest-xdist is there now

        return GroupsByBackend(config, log, self._run.workers_folder)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count an attempt that failed, and that another one follows."""
        # An outcome of pytest-rerunfailures. A crash has no phase, and is counted below.
        if str(report.outcome) == "rerun" and report.when in _PHASES:
            self._ended[report.nodeid] += 1

    # Before pytest-rerunfailures, which hands the test out again.
    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """Tell the worker that may run this test again which attempt that is."""
        self._ended[crashitem] += 1
        share(self._run.workers_folder, EndedAttempts(dict(self._ended)))

    def _make_ready(self) -> None:
        try:
            prepared = self._run.make_ready()
        except SettingsError as error:
            raise pytest.UsageError(printable(str(error))) from None
        if prepared is not None:
            share(self._run.workers_folder, prepared)
        if self._run.gateways is not None:
            # Now it is known that they can be opened. A socket server serves one process at a time.
            self._run.gateways.close()

    def _on_distribution(self, collected: Collected) -> list[str]:
        """Return the line on a distribution with which tests wait often; none for the others."""
        if self._dist in _WITHOUT_WAITS or not collected.other_tests:
            return []
        return [
            f"djworkers: --dist={self._dist} mixes load tests with others, which wait for each"
            " other: --dist=load or loadgroup takes less time"
        ]
