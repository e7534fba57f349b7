"""Says at the start of a run how long its load tests will take, and learns from each run."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from pytest_djworkers.compare.flags import Against
from pytest_djworkers.compare.numbers import DEFAULT_NUMBERS
from pytest_djworkers.run.expected_length import (
    COMPARISON,
    Timing,
    burst,
    cache_key,
    calibration,
    expected_s,
    known_timings,
    least_budget_s,
)
from pytest_djworkers.run.load_tests import fires_bursts, id_of
from pytest_djworkers.run.plans import shape_of
from pytest_djworkers.run.transport import bursts_on, is_of_load_test, test_of
from pytest_djworkers.run.xdist import is_xdist_worker
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.units import about, counted, format_duration, format_long_duration


class ExpectedLengthPlugin:
    """Prints the expected length, and refuses a budget that has no room for a look at each test."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._timings: dict[str, Timing] = {}
        self._earlier: dict[str, Timing] = {}
        self._measured: dict[str, Timing] = {}

    @property
    def _budget_s(self) -> float | None:
        flags = self._settings.comparison_flags
        return None if flags is None else flags.budget_s

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Estimate the length. Raises pytest.UsageError for a budget that is too small."""
        cache = getattr(session.config, "cache", None)  # absent with -p no:cacheprovider
        if cache is not None:
            self._earlier = known_timings(cache.get(self._cache_key, None))
        self._timings = {
            id_of(item): self._earlier.get(id_of(item)) or self._expected(item)
            for item in session.items
            if fires_bursts(item)
        }
        least_s = least_budget_s(self._timings.values())
        if self._budget_s is None or session.config.option.collectonly:
            return
        if self._budget_s < least_s:
            number = counted(len(self._timings), "load test")
            raise pytest.UsageError(
                f"--djworkers-compare-budget={format_long_duration(self._budget_s)} is too short"
                f" for a first look at each of {number}, which takes {about(least_s)}: give it"
                f" {format_long_duration(float(round(least_s + 0.5)))} or more, or run fewer tests"
                " with -k or -m"
            )

    def pytest_report_collectionfinish(self, config: pytest.Config) -> list[str]:
        """Return the line on the expected length; none with ``-q``."""
        if not self._timings or config.get_verbosity() < 0:
            return []
        length = about(expected_s(self._timings.values(), self._budget_s))
        known = len(self._earlier.keys() & self._timings.keys())
        source = f", {known} of them timed in earlier runs" if known else ""
        within = ""
        if self._budget_s is not None:
            within = f", within --djworkers-compare-budget={format_long_duration(self._budget_s)}"
        return [f"djworkers: {counted(len(self._timings), 'load test')}, {length}{within}{source}"]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the time of each load test's phases."""
        if not is_of_load_test(report):
            return
        test = test_of(report)
        # A controller of pytest-xdist has collected none.
        if self._timings and test not in self._timings:
            return
        before = self._measured.get(test)
        seconds = 0.0 if before is None or report.when == "setup" else before.seconds
        compared = [one.against_base for one in bursts_on(report) if one.against_base]
        self._measured[test] = Timing(
            seconds + report.duration,
            sum(one.blocks for one in compared),
            any(one.ended_early for one in compared),
        )

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print with ``-v`` how long the load tests took, so that the estimate can be judged."""
        if not self._measured or terminalreporter.config.get_verbosity() <= 0:
            return
        took_s = sum(one.seconds for one in self._measured.values())
        line = f"djworkers: the load tests took {format_long_duration(took_s)}"
        if self._timings:
            line += f"; expected: {about(expected_s(self._timings.values(), self._budget_s))}"
        terminalreporter.write_line(line)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Store what the tests took, for the next run."""
        cache = getattr(session.config, "cache", None)
        if cache is None or is_xdist_worker(session.config) or not self._measured:
            return
        timings = {**self._earlier, **self._measured}
        cache.set(self._cache_key, {test: asdict(one) for test, one in timings.items()})

    @property
    def _cache_key(self) -> str:
        # The time of a burst follows from its duration, so flags that change it have other timings.
        shape, _ = self._settings.shape_for({}, {})
        flags = self._settings.comparison_flags
        kind = f"bursts of {format_duration(shape.warmup_s + shape.duration_s)}"
        return cache_key(kind if flags is None else flags.against.value)

    def _expected(self, item: pytest.Item) -> Timing:
        settings, flags = self._settings, self._settings.comparison_flags
        if flags is not None and flags.against is Against.ITSELF:
            return calibration(DEFAULT_NUMBERS.calibration_blocks)
        if flags is not None:
            return COMPARISON
        shape = shape_of(item, settings)
        return burst(shape.warmup_s + shape.duration_s)
