"""A burst that pytest-timeout ends: the failure says so in a line, and what to set."""

from __future__ import annotations

import re
import threading
from collections.abc import Generator
from typing import Any

import pytest

from pytest_djworkers.run.failures import failed
from pytest_djworkers.run.stash import BURST
from pytest_djworkers.run.uncaptured import print_uncaptured
from pytest_djworkers.units import format_long_duration

_SAID_BY_PYTEST_TIMEOUT = "from pytest-timeout"
_STACKS = re.compile(
    r"^\+{5,} Timeout \+{5,}\n.*^\+{5,} Timeout \+{5,}\n", re.DOTALL | re.MULTILINE
)
"""The stacks of threads that it prints; while a burst is fired they are the plugin's."""
_BEFORE_THE_END_S = 0.3
"""The time before the end of the process at which advice is printed."""


class EndedByTimeoutPlugin:
    """Explains the end of a burst by pytest-timeout. ``advice`` is what to set."""

    def __init__(self, advice: str) -> None:
        self._advice = advice
        self._warning: threading.Timer | None = None
        self._limits_s: dict[str, float] = {}
        """The time limits of tests in seconds, by node id."""
        self._ended: set[str] = set()
        """The node ids of tests whose burst was ended."""

    # Inside of pytest's capturing.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Replace the traceback, which leads through the plugin, with what to set."""
        try:
            return (yield)
        except pytest.fail.Exception as error:
            name = _burst_under_way(item)
            if name is None or _SAID_BY_PYTEST_TIMEOUT not in str(error):
                raise
            self._ended.add(item.nodeid)
            # The stacks: as long as output is captured, they get into a section of the report.
            item.config.get_terminal_writer().flush()
            limit_s = self._limits_s.get(item.nodeid)
            after = "" if limit_s is None else f" after {format_long_duration(limit_s)}"
            raise failed(
                [f"pytest-timeout ended this test{after}, before the end of {name}: {self._advice}"]
            ) from None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Leave out the stacks of threads, which are the plugin's."""
        report = yield
        if item.nodeid in self._ended:
            without = ((title, _STACKS.sub("", text)) for title, text in report.sections)
            report.sections = [(title, text) for title, text in without if text.strip()]
        return report

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> None:
        """Note the limit; have advice printed shortly before pytest-timeout ends the process."""
        # Its clock may be set again for the rest of the time, after waiting for another run.
        limit_s = self._limits_s.setdefault(item.nodeid, settings.timeout)
        # With this method, pytest-timeout prints all stacks and ends the whole process at once.
        if settings.method != "thread":
            return
        self._warning = threading.Timer(
            max(0.0, settings.timeout - _BEFORE_THE_END_S), self._warn, (item, limit_s)
        )
        self._warning.daemon = True
        self._warning.start()

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> None:
        """Print no advice: the test is over, or it waits for another run."""
        if self._warning is not None:
            self._warning.cancel()
            self._warning = None

    def _warn(self, item: pytest.Item, limit_s: float) -> None:
        if (name := _burst_under_way(item)) is not None:
            print_uncaptured(
                item.config,
                f"djworkers: pytest-timeout ends this run: {item.nodeid} has taken"
                f" {format_long_duration(limit_s)}, before the end of {name}: {self._advice}",
            )


def _burst_under_way(item: pytest.Item) -> str | None:
    """Return the name of the burst that a test fires now, or was firing when it was ended."""
    burst = item.stash.get(BURST, None)
    return None if burst is None else burst.under_way
