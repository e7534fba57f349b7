"""A run that bisects: checks that it has one load test, and says how long it will take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pytest_djworkers.compare.flags import Against
from pytest_djworkers.printable import printable
from pytest_djworkers.report.bisection_lines import budget_line, resumed_line
from pytest_djworkers.run.bisection.bisected_burst import BisectedBurst
from pytest_djworkers.run.bisection.search import Search
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.expected_length import cache_key, known_timings
from pytest_djworkers.run.load_tests import fires_bursts, id_of
from pytest_djworkers.run.measurement import Measurement
from pytest_djworkers.run.stash import PROGRESS
from pytest_djworkers.run.two_arms import TwoArms
from pytest_djworkers.run.uncaptured import print_between_results

_SHOWN_TESTS = 3


class BisectionPlugin:
    """Gives the search its test, and the test its measurement."""

    def __init__(self, config: pytest.Config, run: RunContext, search: Search) -> None:
        self._config = config
        self._run = run
        self._search = search
        self._test = ""
        """The node id of the one load test; empty before it is known."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Find the one load test. Raises pytest.UsageError if there are several, or none."""
        if session.config.option.collectonly:
            return
        tests = [id_of(item) for item in session.items if fires_bursts(item)]
        if len(tests) != 1:
            raise pytest.UsageError(printable(_refusal(tests)))
        (self._test,) = tests
        self._search.begin(self._test)
        if self._search.is_good_known:
            # Its files would be checked out for nothing.
            self._run.comparison_setup = None

    def pytest_report_collectionfinish(self, config: pytest.Config) -> list[str]:
        """Return the lines on the number of comparisons and their time; none with ``-q``."""
        if not self._test or config.get_verbosity() < 0:
            return []
        history, known = self._search.history, self._search.known
        each_s = known.usual_s or self._timed_s(config)
        lines = [budget_line(history, self._search.expected_steps, each_s)]
        if known.earlier:
            # Not in local time: Django has made that the site's.
            at = datetime.fromtimestamp(known.last_measured, UTC)
            lines.append(resumed_line(len(known.earlier), f"{at:%Y-%m-%d %H:%M} UTC"))
        return [printable(f"djworkers: {line}") for line in lines]

    def _timed_s(self, config: pytest.Config) -> float | None:
        """Return the time that a comparison of this test took in an earlier run, in seconds."""
        cache = getattr(config, "cache", None)  # absent with -p no:cacheprovider
        stored = None if cache is None else cache.get(cache_key(Against.REVISION.value), None)
        timing = known_timings(stored).get(self._test)
        return None if timing is None else timing.whole_s

    def measurement(self, two_arms: Callable[..., TwoArms]) -> Measurement:
        """Return the way to measure a burst; ``two_arms`` returns that of one comparison."""
        return BisectedBurst(
            self._run, self._search, two_arms, self._config.stash[PROGRESS], self._say
        )

    def _say(self, line: str) -> None:
        if self._config.get_verbosity() >= 0:
            print_between_results(self._config, f"djworkers: {line}")


def _refusal(tests: list[str]) -> str:
    """Return why so many load tests can't be bisected, and how to choose one."""
    choose = "choose one by its node id, with its backend, or with -k"
    if not tests:
        return f"--djworkers-bisect needs one load test, and none is selected: {choose}"
    shown = ", ".join(tests[:_SHOWN_TESTS]) + (", …" if len(tests) > _SHOWN_TESTS else "")
    return (
        f"--djworkers-bisect needs one load test under one backend, and {len(tests)} are selected"
        f" ({shown}): {choose}, such as pytest '{tests[0]}'"
    )
