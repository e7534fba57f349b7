"""What a run that waits for its turn tells the user, and that the wait is not the test's time."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from pytest_djworkers.printable import printable
from pytest_djworkers.system.clock import CLOCK


class WaitingPlugin:
    """Looks on while the lock of the machine is waited for.

    The wait is taken off the duration of the phase that it was a part of, so it is neither in
    ``--durations`` nor in JUnit's times; and pytest-timeout's clock stands still meanwhile.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._waited_s = 0.0
        self._timer: tuple[pytest.Item, Any, float] | None = None
        """Of pytest-timeout: for which test, its settings, and when it was set."""
        self._stopped: tuple[pytest.Item, Any] | None = None

    # An onlooker.

    def begin(self) -> None:
        """Stop pytest-timeout's clock."""
        if self._timer is None:
            return
        item, settings, set_at = self._timer
        left_s = max(_LEAST_S, settings.timeout - (CLOCK.monotonic() - set_at))
        item.ihook.pytest_timeout_cancel_timer(item=item)
        self._stopped = item, settings._replace(timeout=left_s)

    def say(self, words: str) -> None:
        """Write a line to the terminal, captured or not, with -q too."""
        say_aloud(self._config, printable(f"djworkers: {words}"))

    def end(self, waited_s: float) -> None:
        """Let pytest-timeout's clock run on."""
        self._waited_s += waited_s
        if self._stopped is not None:
            (item, settings), self._stopped = self._stopped, None
            item.ihook.pytest_timeout_set_timer(item=item, settings=settings)

    # Hooks.

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> None:
        """Remember what pytest-timeout does."""
        self._timer = item, settings, CLOCK.monotonic()

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> None:
        """Forget it."""
        self._timer = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take the wait off the phase's duration."""
        report = yield
        waited_s, self._waited_s = self._waited_s, 0.0
        report.duration = max(0.0, report.duration - waited_s)
        return report


_LEAST_S = 0.001
"""pytest-timeout takes nothing for no limit."""


def say_aloud(config: pytest.Config, line: str) -> None:
    """Write a line that the user is to see at once. Of what a worker of pytest-xdist writes to its
    terminal nothing is seen, but its standard error is the controller's."""
    capture = config.pluginmanager.getplugin("capturemanager")
    uncaptured: AbstractContextManager[None] = (
        nullcontext() if capture is None else capture.global_and_fixture_disabled()
    )
    reporter = config.pluginmanager.getplugin("terminalreporter")
    with uncaptured:
        if hasattr(config, "workerinput"):
            print(line, file=sys.__stderr__, flush=True)
        elif reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(line)
            reporter.flush()
