"""The hooks of a run that was asked for backends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.session import run_facts, session_of
from pytest_djworkers.baseline.storable import why_not_stored
from pytest_djworkers.baseline.store import burst_key, save
from pytest_djworkers.databases import creation
from pytest_djworkers.errors import (
    BaselineError,
    DjworkersError,
    MarkerError,
    SettingsError,
)
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.markers import TestPlan, has_limits, read_plan, skip_reason
from pytest_djworkers.options import ACTIONS
from pytest_djworkers.printable import printable
from pytest_djworkers.report import markdown
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report.header import header
from pytest_djworkers.report.terminal import print_summary
from pytest_djworkers.run.attempts import Measured, begin_attempt, note_properties, put_on
from pytest_djworkers.run.context import RunContext, Xdist
from pytest_djworkers.run.failures import failures_of
from pytest_djworkers.run.hooks.lock_wait import WaitingPlugin
from pytest_djworkers.run.hooks.teardown import EndingPlugin
from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.run.site.changed_settings import settings_module
from pytest_djworkers.run.site.served_application import left_in_settings, served_applications
from pytest_djworkers.run.stash import BURST, RUN
from pytest_djworkers.settings.reading import read_settings
from pytest_djworkers.system.event_loop import without_running_loop
from pytest_djworkers.system.interrupts import Interrupts
from pytest_djworkers.system.log import last_lines
from pytest_djworkers.units import counted

_WORD = "djworkers"
_BACKEND = "djworkers_backend"
_BURST = "burst"


def activate(config: pytest.Config) -> None:
    """Check the settings and register the hooks below. Raises pytest.UsageError."""
    try:
        settings = read_settings(config)
        if settings is None:
            if asking := [flag for flag in ACTIONS if config.getoption(flag)]:
                raise SettingsError(
                    f"--{asking[0].replace('_', '-')}: nothing to measure; name backends with"
                    " --djworkers=NAME,NAME"
                )
            return
        _check_django(config)
        _check_aliases(settings.left_out)
        if settings.origin is None:
            notes = (*served_applications(settings), *left_in_settings(settings))
            settings = replace(settings, site_notes=notes)
        waiting = WaitingPlugin(config)
        run = RunContext.begin(settings, _xdist(config), waiting)
    except SettingsError as error:
        raise pytest.UsageError(printable(str(error))) from None
    config.stash[RUN] = run
    interrupts = Interrupts()
    interrupts.take(signal.SIGTERM)
    # Cleaned up in the opposite order: a signal is ours until nothing is left.
    config.add_cleanup(interrupts.end)
    config.add_cleanup(run.end)
    config.pluginmanager.register(ActivePlugin(run), "djworkers-active")
    config.pluginmanager.register(EndingPlugin(interrupts), "djworkers-ending")
    config.pluginmanager.register(waiting, "djworkers-waiting")


def marks_of(node: pytest.Item) -> list[Mark]:
    """The node's markers, the closest first."""
    return [Mark(mark.name, mark.args, mark.kwargs) for mark in node.iter_markers()]


def test_plan(node: pytest.Item, backend: str) -> TestPlan:
    """What the node's markers ask for under a backend."""
    return read_plan(marks_of(node), backend, node.config.stash[RUN].settings.registry)


test_plan.__test__ = False  # type: ignore[attr-defined]  # its name is no test's


class ActivePlugin:
    """Parametrises, judges, collects and reports."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._measured = Measured()
        self._passed: set[str] = set()
        self._outcomes = FileOutcomes()

    # Before the tests.

    def pytest_report_header(self) -> list[str]:
        """What will be measured, and how."""
        lines = header(self._run.settings, self._run.baseline, self._run.comparison_setup)
        return [printable(line) for line in lines]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that bursts is one test under each backend."""
        node = metafunc.definition
        marks = marks_of(node)
        settings = self._run.settings
        try:
            for backend in settings.names:
                skip_reason(marks, backend, settings.registry)
                read_plan(marks, backend, settings.registry)
        except MarkerError as error:
            raise pytest.Collector.CollectError(f"{_place(node)}: {error}") from None
        if _BACKEND in metafunc.fixturenames:
            metafunc.parametrize(_BACKEND, settings.names, indirect=True)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Skip what makes no sense under its backend. Here a test's parameters have marks, too."""
        for item in items:
            callspec = getattr(item, "callspec", None)
            backend = callspec and callspec.params.get(_BACKEND)
            if backend is None:
                continue
            settings, marks = self._run.settings, marks_of(item)
            try:
                reasons = [
                    skip_reason(marks, name, settings.registry)
                    for name in (backend, settings.base)
                    if name is not None
                ]
            except MarkerError as error:
                raise pytest.UsageError(f"{_place(item)}: {error}") from None
            if reason := next(filter(None, reasons), None):
                item.add_marker(pytest.mark.skip(reason=reason))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Have pytest-django make databases that servers in other processes can share."""
        if fixturedef.argname != "django_db_setup" or self._run.settings.origin is not None:
            return (yield)
        items = [item for item in request.session.items if is_load_test(item)]
        if not items:
            return (yield)
        databases = self._run.databases
        databases.note_real_names()
        unblocked = request.getfixturevalue("django_db_blocker").unblock()
        with without_running_loop(), unblocked:
            self._look_at_databases(request.config)
            databases.end_sessions_of_killed_runs()
        try:
            with creation.wanted(databases.wanted, items), without_running_loop():
                return (yield)
        except SystemExit as error:
            failure = _failed([str(creation.why_not_made(error))])
            # pytest keeps no SystemExit, and would set the fixture up again for each test.
            fixturedef.cached_result = (None, None, (failure, None))
            raise failure from None

    def _look_at_databases(self, config: pytest.Config) -> None:
        databases = self._run.databases
        try:
            creation.move_out_of_memory(self._run.folder)
        except DjworkersError as error:
            raise _failed([str(error)]) from None
        keeps = config.getoption("reuse_db") and not config.getoption("create_db")
        databases.unusable = creation.unusable(databases.left_out, keeps=keeps)

    # Around each test.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Forget what an earlier attempt at this test found."""
        begin_attempt(item)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge the limits when the test function has returned."""
        try:
            result = yield
        except DjworkersError as error:
            raise self._failure(item, error) from None
        except (pytest.skip.Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            # The test's own failure comes first; what it missed besides is told below it.
            if missed := [*self._missed(item), *_causes(item)]:
                item.add_report_section("call", f"{_WORD} limits", printable("\n".join(missed)))
            raise
        else:
            if missed := self._missed(item) or _unused(item):
                raise _failed([*missed, *_causes(item)])
            return result
        finally:
            note_properties(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the bursts on the report: they travel to the controller on it."""
        report = yield
        put_on(report, item)
        burst = item.stash.get(BURST, None)
        if burst is None or report.when != "call":
            return report
        server = burst.server
        if report.failed and server.facts and server.log:
            log = "\n".join(last_lines(server.log)) or "(empty)"
            report.sections.append((f"Captured log of {server.backend}", log))
        return report

    # After the tests; under pytest-xdist, in the controller.

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the bursts."""
        self._measured.take_from(report)
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        elif report.failed:
            self._passed.discard(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files, each whole or not at all. What can't be written fails the run."""
        if self._run.xdist.controller_pid is not None:
            return
        settings = self._run.settings
        writers: list[Callable[[], None]] = []
        if settings.save_baseline:
            writers.append(self._save_baseline)
        if records := self._measured.records:
            writers.extend(
                partial(markdown.write, file, records, self._outcomes) for file in settings.reports
            )
        for write in writers:
            try:
                write()
            except (BaselineError, OSError) as error:
                self._outcomes.problems.append(str(error))
        if self._outcomes.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The table."""
        print_summary(terminalreporter, self._measured.records, self._outcomes)

    def _missed(self, item: pytest.Item) -> list[str]:
        burst = item.stash.get(BURST, None)
        if burst is None:
            return []
        return [
            f"{name}: {failure}"
            for record in burst.records
            for name in [record.result.name]
            for failure in failures_of(
                record, burst.plan, self._run.settings, burst.log_says.get(name, "")
            )
        ]

    def _failure(self, item: pytest.Item, error: DjworkersError) -> BaseException:
        if self._run.is_orphaned():
            return pytest.exit.Exception("the pytest-xdist controller is gone")
        return _failed([str(error), *self._missed(item), *_causes(item)])

    def _save_baseline(self) -> None:
        settings, machine = self._run.settings, self._run.baseline.machine
        facts = run_facts(settings.root)
        sessions, not_saved = {}, {}
        for record in self._measured.records:
            key, result = burst_key(record.test, record.result.name), record.result
            if record.test not in self._passed:
                not_saved[key] = "the test did not pass"
            elif reason := why_not_stored(result):
                not_saved[key] = reason
            else:
                sessions[key] = StoredBurst(record.stored_under, (session_of(result, facts),))
        self._outcomes.bursts_not_saved.extend(
            f"{key}: {reason}" for key, reason in not_saved.items()
        )
        if not sessions:
            return
        saved = save(settings.root, settings.baseline, machine, sessions)
        shown = saved.file.relative_to(settings.root)
        self._outcomes.baseline_saved = f"{counted(len(sessions), 'burst')} in {shown}"
        self._outcomes.bursts_kept.extend(key for key in saved.kept if key not in not_saved)
        self._outcomes.bursts_begun_anew.extend(saved.begun_anew)


def _place(node: pytest.Item) -> str:
    path, line, _ = node.location
    return f"{path}:{(line or 0) + 1}"


def _failed(lines: list[str]) -> BaseException:
    return pytest.fail.Exception(printable("\n".join(lines)), pytrace=False)


def _unused(item: pytest.Item) -> list[str]:
    """Why a test fails that measured nothing."""
    burst = item.stash.get(BURST, None)
    if burst is not None and burst.records:
        return []
    if has_limits(marks_of(item)):
        return ["this test has limits, and no burst was held to them: call burst()"]
    if burst is not None and not burst.was_called and _BURST in item.fixturenames:  # type: ignore[attr-defined]  # a Function
        return [
            "this test takes burst and never calls it, so that it measures nothing: call"
            " burst(path), or take djworkers_server for a server without any load"
        ]
    return []


def _causes(item: pytest.Item) -> list[str]:
    burst = item.stash.get(BURST, None)
    return [] if burst is None else burst.causes


def _check_django(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin("django"):
        raise SettingsError("--djworkers needs pytest-django, which is not active (-p no:django?)")
    from pytest_django.lazy_django import django_settings_is_configured

    if not django_settings_is_configured():
        raise SettingsError(
            "--djworkers: no Django settings: set DJANGO_SETTINGS_MODULE in pytest's"
            " configuration or the environment, or use --ds"
        )
    if settings_module():
        return
    raise SettingsError(
        "--djworkers: the Django settings were made by settings.configure(), which a server in"
        " another process can't import: put them into a module"
    )


def _check_aliases(left_out: tuple[str, ...]) -> None:
    from django.conf import settings

    if unknown := [alias for alias in left_out if alias not in settings.DATABASES]:
        raise SettingsError(
            f"--djworkers-ignore-database={unknown[0]}: DATABASES has no such alias, only"
            f" {', '.join(settings.DATABASES)}"
        )


def _xdist(config: pytest.Config) -> Xdist:
    worker_input = getattr(config, "workerinput", None)
    if worker_input is None:
        return Xdist()
    return Xdist(controller_pid=os.getppid(), workers=worker_input["workercount"])
