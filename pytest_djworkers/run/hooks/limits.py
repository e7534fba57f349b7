"""Around each load test: its limits are checked when its function has returned."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_djworkers.errors import DjworkersError
from pytest_djworkers.markers import has_limits
from pytest_djworkers.printable import printable
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.failures import failed, failures_of, unjudged_parts
from pytest_djworkers.run.junit import add_burst_properties
from pytest_djworkers.run.load_tests import id_of, is_load_test
from pytest_djworkers.run.plans import marks_of
from pytest_djworkers.run.reruns import begin_attempt, records_of
from pytest_djworkers.run.stash import BURST, RETURNED, SERVER
from pytest_djworkers.run.transport import LOG_OF, put_bursts_on
from pytest_djworkers.system.log import TAIL_HEADING, without_tails


class LimitsPlugin:
    """Fails a test that misses a limit, and puts what it measured on its report."""

    def __init__(self, run: RunContext) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Forget what an earlier attempt at this test measured."""
        begin_attempt(item)

    # The innermost wrapper but for the one of ended_by_timeout.py: a test that misses a limit has
    # failed for all the others.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Check the limits when the test function has returned."""
        try:
            result = yield
        except DjworkersError as error:
            # Its message is enough: a traceback would lead through the plugin.
            raise self._failure(item, error) from None
        # None of these is a failure, so there is nothing to add.
        except (pytest.skip.Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            # The test's own failure comes first; the limits that it missed are shown below it.
            if missed := [*self._missed(item), *_error_causes(item)]:
                item.add_report_section("call", "djworkers limits", printable("\n".join(missed)))
            raise
        else:
            item.stash[RETURNED] = True
            if missed := self._missed(item) or _why_nothing_measured(item):
                raise failed([*missed, *_error_causes(item)])
            return result
        finally:
            add_burst_properties(item, records_of(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the bursts on the report, and the end of the server's log on that of a failure."""
        report = yield
        if is_load_test(item):
            put_bursts_on(report, id_of(item), records_of(item))
        server = item.stash.get(SERVER, None)
        if report.when == "call" and report.failed and server is not None:
            # An error of the server has the end of its log in its message.
            is_shown = TAIL_HEADING in report.longreprtext
            if not is_shown and (said := server.last_said()):
                heading = f"{LOG_OF}{server.backend} since its last launch was ready"
                report.sections.append((heading, "\n".join(said)))
        _leave_logs_out_of_summary(report)
        return report

    def _missed(self, item: pytest.Item) -> list[str]:
        burst = item.stash.get(BURST, None)
        if burst is None:
            return []
        return [
            f"{measured.name}: {failure}"
            for measured in burst.measured
            for failure in failures_of(measured, burst.plan, self._run.settings)
        ] + (unjudged_parts(burst.measured, burst.plan) if burst.measured else [])

    def _failure(self, item: pytest.Item, error: DjworkersError) -> BaseException:
        if self._run.xdist is not None and self._run.xdist.is_orphaned:
            return pytest.exit.Exception("the pytest-xdist controller is gone")
        return failed([str(error), *self._missed(item), *_error_causes(item)])


def _leave_logs_out_of_summary(report: pytest.TestReport) -> None:
    """Let the summary of failures say why a test failed, and its own section show the log."""
    # In CI and with -vv, pytest's summary repeats a failure's message whole.
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = without_tails(crash.message)


def _why_nothing_measured(item: pytest.Item) -> list[str]:
    """Return why a test fails because it fired no burst; empty if it needn't."""
    burst = item.stash.get(BURST, None)
    if burst is not None and burst.measured:
        return []
    if has_limits(marks_of(item)):
        return ["this test has limits but fired no burst that could meet them: call burst()"]
    if burst is not None and not burst.was_called and _takes_burst(item):
        return [
            "this test takes burst but never calls it, so it measures nothing: call burst(path), or"
            " take djworkers_server instead for a server without load"
        ]
    return []


def _takes_burst(item: pytest.Item) -> bool:
    # Any item may be a doctest or another plugin's, without fixtures.
    return "burst" in getattr(item, "fixturenames", ())


def _error_causes(item: pytest.Item) -> list[str]:
    burst = item.stash.get(BURST, None)
    return [] if burst is None else [line for one in burst.measured for line in one.error_causes]
