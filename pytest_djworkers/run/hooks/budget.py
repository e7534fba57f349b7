"""A run with a budget: each test gets a look first, and those without a verdict further turns.

A test that has no verdict after its turn is put at the end of pytest's list of tests once more, and
its reports are held back: each test is reported once, after its last turn.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import pytest

from pytest_djworkers.printable import printable
from pytest_djworkers.run.budget.phases import (
    Reports,
    add_durations,
    log_reports,
    run_by_another_plugin,
    run_phases,
)
from pytest_djworkers.run.budget.planner import (
    FIRST_LOOK_BLOCKS,
    LEAST_BLOCKS,
    Limit,
    Waiting,
    allowance,
    even_share,
    order_of_turns,
)
from pytest_djworkers.run.budget.stopwatch import Stopwatch
from pytest_djworkers.run.budget.turn import Turn
from pytest_djworkers.run.failures import failures_of
from pytest_djworkers.run.load_tests import fires_bursts
from pytest_djworkers.run.reruns import continue_attempt
from pytest_djworkers.run.stash import BURST, RETURNED, TURN
from pytest_djworkers.run.transport import bursts_on
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.units import format_long_duration


class BudgetPlugin:
    """Runs load tests in turns that together take no longer than the budget."""

    def __init__(self, settings: Settings, budget_s: float, stopwatch: Stopwatch) -> None:
        self._settings = settings
        self._budget_s = budget_s
        self._stopwatch = stopwatch
        self._held: dict[pytest.Item, Reports] = {}
        """The reports of the tests that may have another turn."""
        self._properties: dict[pytest.Item, list[tuple[str, object]]] = {}
        """The properties that tests had before their first turns."""
        self._not_looked_at: set[pytest.Item] = set()
        self._without_verdict: dict[str, None] = {}
        self._collected = 0
        self._further_turns = 0
        self._was_set_up = False

    @property
    def _left_s(self) -> float:
        return self._budget_s - self._stopwatch.all_s

    # Called by pytest.

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Report the tests that had no other turn when the run ends, whyever it ends."""
        self._collected = len(session.items)
        self._not_looked_at = set(filter(fires_bursts, session.items))
        try:
            return (yield)
        finally:
            del session.items[self._collected :]
            for item, reports in self._held.items():
                item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
                log_reports(item, reports)
                item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            self._held.clear()

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_runtest_protocol")
    def pytest_djworkers_measure_time(self, item: pytest.Item) -> Generator[None, object, object]:
        """Count the time of the tests that share the budget."""
        if not fires_bursts(item):
            return (yield)
        self._stopwatch.start()
        try:
            return (yield)
        finally:
            self._not_looked_at.discard(item)
            self._stopwatch.stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Give a load test its turn."""
        if not fires_bursts(item):
            return None
        self._was_set_up = False
        if item in self._held:
            self._run_further_turn(item)
            return True
        share_s = even_share(self._left_s, len(self._not_looked_at))
        only = Limit(share_s, self._reason, least_blocks=LEAST_BLOCKS)
        item.stash[TURN] = Turn(only, self._turn_s)
        if _can_have_one_turn_only(item):
            return None
        if run_by_another_plugin(item, nextitem, but=[self]):
            return True
        first = replace(only, reason=self._reason_of_first_look, most_blocks=FIRST_LOOK_BLOCKS)
        item.stash[TURN] = Turn(first, self._turn_s)
        self._properties[item] = list(item.user_properties)
        self._run_turn(item, nextitem)
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print how much of the budget was used, and the tests that it has ended."""
        if terminalreporter.config.get_verbosity() < 0:
            return
        used, budget = map(format_long_duration, (self._stopwatch.all_s, self._budget_s))
        line = f"djworkers: {used} of --djworkers-compare-budget={budget} used"
        if self._without_verdict:
            tests = ", ".join(printable(test) for test in self._without_verdict)
            line += f"; without a verdict when the run ended: {tests}"
        terminalreporter.write_line(line, yellow=bool(self._without_verdict))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the tests that end without a verdict."""
        if report.when == "call" and any(
            one.against_base is not None and one.against_base.ended_early
            for one in bursts_on(report)
        ):
            self._without_verdict[report.nodeid] = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Start over if another plugin runs the test again within its turn."""
        if self._was_set_up and (turn := item.stash.get(TURN, None)) is not None:
            turn.start_over()
        self._was_set_up = True

    # The turns.

    def _run_turn(
        self, item: pytest.Item, nextitem: pytest.Item | None, earlier: Reports | None = None
    ) -> None:
        session = item.session

        def hold(reports: Reports) -> bool:
            add_durations(reports, earlier or [])
            held = self._is_open(item, reports)
            if held:
                # Those of the teardown are added when it is over.
                self._held[item] = reports
            # The tests that have another turn, in their order, are at the end of pytest's list.
            session.items[self._collected + self._further_turns :] = self._order()
            return held

        def next_node() -> pytest.Item | pytest.Collector | None:
            if nextitem is not None and not self._further_turns:
                return nextitem
            following = session.items[self._collected + self._further_turns :]
            # A test that is to run again is torn down, but not the fixtures of its module.
            return item.parent if following[:1] == [item] else next(iter(following), None)

        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = run_phases(item, hold, next_node)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if reports:
            self._held[item] = reports
        else:
            self._held.pop(item, None)

    def _run_further_turn(self, item: pytest.Item) -> None:
        self._further_turns += 1
        earlier = self._held.pop(item)
        others = [other.stash[TURN].open_comparisons for other in self._order()]
        limit = Limit(allowance(others, self._left_s), self._reason)
        item.stash[TURN] = item.stash[TURN].next_turn(limit, self._turn_s)
        # What the last turn has left on the item; this turn's takes its place.
        item._report_sections.clear()  # noqa: SLF001  # pytest has no other way
        item.user_properties[:] = self._properties[item]
        continue_attempt(item)
        self._run_turn(item, None, earlier)

    def _order(self) -> list[pytest.Item]:
        turns = {item: item.stash[TURN] for item in self._held}
        waiting = {
            item: Waiting(turn.number, turn.open_comparisons) for item, turn in turns.items()
        }
        return order_of_turns(waiting, self._left_s)

    def _is_open(self, item: pytest.Item, reports: Reports) -> bool:
        """Return True if a test may have another turn: it lacks a verdict, and nothing is wrong."""
        turn, call = item.stash[TURN], reports[-1]
        if call.when != "call" or not turn.open_comparisons or not item.stash.get(RETURNED, False):
            return False
        if item.session.shouldfail or item.session.shouldstop:
            return False
        # With --djworkers-strict a test fails because it has no verdict; it may still get one.
        return call.passed or (call.failed and not self._fails_anyway(item))

    def _fails_anyway(self, item: pytest.Item) -> bool:
        burst, lenient = item.stash[BURST], replace(self._settings, strict=False)
        return any(failures_of(one, burst.plan, lenient) for one in burst.measured)

    def _turn_s(self) -> float:
        return self._stopwatch.turn_s

    @property
    def _reason(self) -> str:
        return f"ended by --djworkers-compare-budget={format_long_duration(self._budget_s)}"

    @property
    def _reason_of_first_look(self) -> str:
        # The run may also end for another reason, such as --maxfail.
        return (
            "the run ended before there was time for more than this first look"
            f" (--djworkers-compare-budget={format_long_duration(self._budget_s)})"
        )


def _can_have_one_turn_only(item: pytest.Item) -> bool:
    """Return True for a test whose reports can't be held back."""
    # Subtests are reported while their test runs.
    return "subtests" in getattr(item, "fixturenames", ())
