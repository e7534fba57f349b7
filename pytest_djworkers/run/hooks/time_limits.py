"""The time limit of pytest-timeout is that of a test: a comparison may take much longer."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest

from pytest_djworkers.run.failures import failed
from pytest_djworkers.run.load_tests import fires_bursts
from pytest_djworkers.run.plans import location_of
from pytest_djworkers.run.xdist import is_xdist_worker
from pytest_djworkers.units import format_long_duration

LONGEST_COMPARISON_S = 900.0
"""The time that a comparison of a slow view can take: the rule asks for 32 blocks at most, and a
block of a view that takes a second takes less than half a minute."""
_COMPARISON_ADVICE = (
    "set @pytest.mark.timeout(0) at the test, for no limit, or --timeout={seconds:.0f} or more for"
    " the run"
)
BURST_ADVICE = (
    "set @pytest.mark.timeout(0) at the test, for no limit, or a longer --timeout for the run; or"
    " make the burst shorter (duration=)"
)
"""The advice on a time limit that ended a single burst."""


def needed_for_comparison(budget_s: float | None) -> float:
    """Return the time that a comparison can take, in seconds; the budget is that of all of them."""
    return min(LONGEST_COMPARISON_S, budget_s or LONGEST_COMPARISON_S)


def comparison_advice(budget_s: float | None) -> str:
    """Return what to do about a time limit that ends a comparison."""
    return _COMPARISON_ADVICE.format(seconds=needed_for_comparison(budget_s))


class TimeLimitsPlugin:
    """Refuses time limits that would end a comparison in the middle.

    ``budget_s`` is the time that all comparisons share; None for no limit.
    """

    def __init__(self, budget_s: float | None) -> None:
        self._needed_s = needed_for_comparison(budget_s)
        self._advice = comparison_advice(budget_s)
        self._too_short: dict[str, str] = {}
        """The node ids of tests whose limit is too short, with what to say of it."""

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
        if self._too_short and not is_xdist_worker(config):
            raise pytest.UsageError(next(iter(self._too_short.values())))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a test whose limit is too short."""
        if item.nodeid in self._too_short:
            raise failed([self._too_short[item.nodeid]])


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
