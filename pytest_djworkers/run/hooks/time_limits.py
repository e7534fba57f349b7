"""The time limit of pytest-timeout is that of a test: a comparison may take much longer."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from pytest_djworkers.run.failures import failed
from pytest_djworkers.run.load_tests import fires_bursts
from pytest_djworkers.run.plans import location_of
from pytest_djworkers.run.uncaptured import print_uncaptured
from pytest_djworkers.units import format_long_duration

LONGEST_COMPARISON_S = 900.0
"""The time that a comparison of a slow view can take: the rule asks for 32 blocks at most, and a
block of a view that takes a second takes less than half a minute."""
_ADVICE = (
    "set @pytest.mark.timeout(0) at the test, for no limit, or --timeout={seconds:.0f} or more for"
    " the run"
)
_SAID_BY_PYTEST_TIMEOUT = "from pytest-timeout"
_BEFORE_THE_END_S = 0.3
"""The time before the end of the process at which advice is printed."""


class TimeLimitsPlugin:
    """Refuses time limits that would end a comparison in the middle, and explains one that has.

    ``budget_s`` is the time that all comparisons share; None for no limit.
    """

    def __init__(self, budget_s: float | None) -> None:
        self._needed_s = min(LONGEST_COMPARISON_S, budget_s or LONGEST_COMPARISON_S)
        self._warning: threading.Timer | None = None
        self._too_short: dict[str, str] = {}
        """The node ids of tests whose limit is too short, with what to say of it."""

    @property
    def _advice(self) -> str:
        return _ADVICE.format(seconds=self._needed_s)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Look at the time limit of each test. Raises pytest.UsageError for one too short."""
        config = session.config
        if not config.pluginmanager.hasplugin("timeout") or config.option.collectonly:
            return
        everywhere = _limit_of_run(config)
        for item in filter(fires_bursts, session.items):
            limit_s, place = everywhere
            marker = item.get_closest_marker("timeout")
            if marker is not None:
                limit_s, place = (
                    _limit_of_marker(marker),
                    f"{location_of(item)}: the timeout marker",
                )
            # 0 is no limit.
            if limit_s is not None and 0 < limit_s < self._needed_s:
                self._too_short[item.nodeid] = (
                    f"{place} ends a test after {format_long_duration(limit_s)}, but a comparison"
                    f" can take up to {format_long_duration(self._needed_s)}: {self._advice}"
                )
        # A worker of pytest-xdist can't end the run in words: there, the tests fail.
        if self._too_short and not hasattr(config, "workerinput"):
            raise pytest.UsageError(next(iter(self._too_short.values())))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a test whose limit is too short."""
        if item.nodeid in self._too_short:
            raise failed([self._too_short[item.nodeid]])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Add to the failure by pytest-timeout what to set."""
        try:
            return (yield)
        except pytest.fail.Exception as error:
            if fires_bursts(item) and _SAID_BY_PYTEST_TIMEOUT in str(error):
                advice = f"pytest-timeout ended a comparison before its verdict: {self._advice}"
                item.add_report_section("call", "djworkers", advice)
            raise

    # With its method "thread", pytest-timeout ends the whole process at once.

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> None:
        """Have advice printed shortly before pytest-timeout ends the process."""
        if settings.method != "thread" or not fires_bursts(item):
            return
        words = (
            f"djworkers: pytest-timeout ends this run: {item.nodeid} has had no verdict after"
            f" {format_long_duration(settings.timeout)}: {self._advice}"
        )
        self._warning = threading.Timer(
            max(0.0, settings.timeout - _BEFORE_THE_END_S),
            print_uncaptured,
            (item.config, words),
        )
        self._warning.daemon = True
        self._warning.start()

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> None:
        """Print no advice: the test is over, or it waits for another run."""
        if self._warning is not None:
            self._warning.cancel()
            self._warning = None


def _limit_of_run(config: pytest.Config) -> tuple[float | None, str]:
    """Return the limit of all tests in seconds and where it is from, in pytest-timeout's order."""
    places = (
        (config.getoption("timeout", default=None), "--timeout"),
        (os.environ.get("PYTEST_TIMEOUT"), "the environment variable PYTEST_TIMEOUT"),
        (config.getini("timeout") or None, "timeout in pytest's configuration"),
    )
    value, place = next(((one, where) for one, where in places if one is not None), (None, ""))
    return _seconds(value), f"{place} of pytest-timeout"


def _limit_of_marker(marker: pytest.Mark) -> float | None:
    return _seconds(marker.args[0] if marker.args else marker.kwargs.get("timeout"))


def _seconds(value: Any) -> float | None:
    # What can't be read is for pytest-timeout to complain about.
    with suppress(TypeError, ValueError):
        return float(value)
    return None
