"""While a test waits for another one's burst, the run says so, and the test's clock stands."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_djworkers.printable import printable
from pytest_djworkers.progress import Phase, ProgressSink
from pytest_djworkers.run.uncaptured import print_uncaptured
from pytest_djworkers.system.clock import CLOCK

_LEAST_TIMEOUT_S = 0.001
"""The shortest time to leave on pytest-timeout's clock: it takes 0 for no timeout at all."""


class LockWaitPlugin:
    """The onlooker of the locks, which is told when waiting for one begins and ends.

    The wait is subtracted from the duration of the test phase in which it happened, so it is
    neither in ``--durations`` nor in JUnit's times; pytest-timeout's clock stands still meanwhile.
    """

    def __init__(self, config: pytest.Config, progress: ProgressSink) -> None:
        self._config = config
        self._progress = progress
        self._waited_s = 0.0
        self.all_waited_s = 0.0
        """The seconds that this run has waited so far, in all tests together."""
        self._timer: tuple[pytest.Item, Any, float] | None = None
        """The test that pytest-timeout's timer runs for, its settings, and when it was set."""
        self._stopped: tuple[pytest.Item, Any] | None = None
        """The test whose timer we have stopped, and the settings to start it with again."""

    # Called by the lock.

    def begin(self, what: str) -> None:
        """Show what is waited for, if it is to be told, and stop pytest-timeout's clock."""
        self._progress.begin(*([Phase(f"waiting for {what}")] if what else []))
        if self._timer is None:
            return
        item, settings, set_at = self._timer
        # pytest-timeout can't pause: its timer is cancelled, and set again with what is left.
        left_s = max(_LEAST_TIMEOUT_S, settings.timeout - (CLOCK.monotonic() - set_at))
        item.ihook.pytest_timeout_cancel_timer(item=item)
        self._stopped = item, settings._replace(timeout=left_s)

    def say(self, words: str) -> None:
        """Write a line to the terminal, even with ``-q`` and while output is captured."""
        print_uncaptured(self._config, printable(f"djworkers: {words}"))

    def end(self, waited_s: float) -> None:
        """Let pytest-timeout's clock go on, with the time that was left."""
        self._progress.begin()
        self._waited_s += waited_s
        self.all_waited_s += waited_s
        if self._stopped is not None:
            (item, settings), self._stopped = self._stopped, None
            item.ihook.pytest_timeout_set_timer(item=item, settings=settings)

    # Called by pytest and pytest-timeout.

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> None:
        """Remember the timer that pytest-timeout sets."""
        self._timer = item, settings, CLOCK.monotonic()

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> None:
        """Forget the timer."""
        self._timer = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Subtract the wait from the phase's duration."""
        report = yield
        waited_s, self._waited_s = self._waited_s, 0.0
        report.duration = max(0.0, report.duration - waited_s)
        return report
