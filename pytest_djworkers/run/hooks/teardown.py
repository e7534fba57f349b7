"""Tears everything down when a run ends early, by a signal or by an error in pytest."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.run.uncaptured import print_uncaptured
from pytest_djworkers.run.xdist import is_xdist_worker
from pytest_djworkers.system.interrupts import Interrupts
from pytest_djworkers.system.orphaned_processes import describe_ended, end_orphans


class TeardownPlugin:
    """Holds signals back while things are made or torn down, and passes Ctrl-C on to the workers
    of pytest-xdist.

    While a test runs that is no load test, Ctrl-C is left to others, such as asyncio.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._workers: dict[str, int] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """End the processes that killed runs have left behind, and say so."""
        if not is_xdist_worker(session.config) and (ended := end_orphans()):
            print_uncaptured(session.config, f"djworkers: {describe_ended(ended)}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Take Ctrl-C over while a load test runs: there may be a server to stop."""
        if not is_load_test(item):
            return (yield)
        self._interrupts.forget()
        self._interrupts.take(signal.SIGINT)
        result = yield
        # Not in a finally: an exception here ends the run, and another Ctrl-C may be on its way.
        self._interrupts.give_back(signal.SIGINT)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Hold signals back while databases are made.

        If pytest-django is interrupted, it forgets the databases that it has made so far.
        """
        if fixturedef.argname != "django_db_setup":
            return (yield)
        with self._interrupts.held():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Hold signals back while fixtures are torn down.

        If pytest is interrupted here, it forgets the finalizers that it has not called yet.
        """
        # After the last test, fixtures of the whole session are torn down, whatever that test is.
        if nextitem is not None and not is_load_test(item):
            return (yield)
        with self._interrupts.held():
            return (yield)

    def pytest_keyboard_interrupt(self) -> None:
        """Begin the teardown, in the workers of pytest-xdist, too."""
        self._clean_up()
        # The controller would let them go on for another five seconds.
        for pid in self._workers.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Tear fixtures down even if another plugin's error has kept pytest from it."""
        self._clean_up()
        try:
            return (yield)
        except BaseException:
            session._setupstate.teardown_exact(None)  # noqa: SLF001  # as pytest does here
            raise

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        """Remember the process of a pytest-xdist worker on this machine."""
        if node.gateway.spec.popen:
            self._workers[node.gateway.id] = node.gateway._rinfo().pid  # noqa: SLF001  # cached

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Forget the worker's process: another one may get its id."""
        self._workers.pop(node.gateway.id, None)

    def _clean_up(self) -> None:
        self._interrupts.take(signal.SIGINT)
        self._interrupts.clean_up()
