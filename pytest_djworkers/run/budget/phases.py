"""Runs the phases of a test without reporting them, so that the test can have another turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from _pytest.runner import call_and_report, show_test_item

Reports = list[pytest.TestReport]


def run_phases(
    item: pytest.Item,
    hold: Callable[[Reports], bool],
    next_node: Callable[[], pytest.Item | pytest.Collector | None],
) -> Reports:
    """Run setup, call and teardown of a test, as pytest's own ``runtestprotocol`` does.

    After the call, ``hold`` is given the reports so far, and returns True if they are to be held
    back. Otherwise they are logged, and those of the teardown, too. Only then ``next_node`` is
    asked for the node whose fixtures are still needed, as a rule the item that runs next. Return
    the reports that are held back.
    """
    # pytest drops the request of a test that has run.
    if not getattr(item, "_request", True):
        item._initrequest()  # type: ignore[attr-defined]  # noqa: SLF001  # as runtestprotocol does
    try:
        reports = _set_up_and_call(item)
        held = hold(reports)
        if not held:
            log_reports(item, reports)
        following = next_node()
        # As in runtestprotocol: so errors of the last fixtures are reported.
        if item.session.shouldfail or item.session.shouldstop:
            following = None
        teardown = call_and_report(item, "teardown", log=not held, nextitem=following)
    finally:
        item._request = False  # type: ignore[attr-defined]  # noqa: SLF001  # likewise
        item.funcargs = None  # type: ignore[attr-defined]  # likewise
    if not held:
        return []
    if teardown.passed:
        return [*reports, teardown]
    log_reports(item, [*reports, teardown])
    return []


def _set_up_and_call(item: pytest.Item) -> Reports:
    reports = [call_and_report(item, "setup", log=False)]
    if reports[0].passed:
        only_setup = item.config.getoption("setuponly", default=False)
        if item.config.getoption("setupshow", default=False):
            show_test_item(item, add_space=not only_setup)
        if not only_setup:
            reports.append(call_and_report(item, "call", log=False))
    return reports


def log_reports(item: pytest.Item, reports: Iterable[pytest.TestReport]) -> None:
    """Log the reports: from now on, the phases count."""
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)


def add_durations(
    reports: Iterable[pytest.TestReport], earlier: Iterable[pytest.TestReport]
) -> None:
    """Add to each report the duration that its phase had in an earlier turn."""
    durations = {report.when: report.duration for report in earlier}
    for report in reports:
        report.duration += durations.get(report.when, 0.0)


def run_by_another_plugin(
    item: pytest.Item, nextitem: pytest.Item | None, but: Iterable[object]
) -> bool:
    """Let a plugin that runs tests again, such as pytest-rerunfailures, run this one.

    ``but`` are plugins that are not asked; neither is pytest itself. Return True if one has run
    the test.
    """
    hook = item.config.hook.pytest_runtest_protocol
    unasked = [item.config.pluginmanager.getplugin("runner"), *but]
    given = {"item": item, "nextitem": nextitem}
    # pluggy calls the one that was registered last first.
    for found in reversed(hook.get_hookimpls()):
        is_wrapper = found.hookwrapper or found.wrapper
        if is_wrapper or any(found.plugin is one for one in unasked):
            continue
        if found.function(*(given[name] for name in found.argnames)) is not None:
            return True
    return False
