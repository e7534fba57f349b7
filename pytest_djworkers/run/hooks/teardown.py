"""The hooks that see to it that a run which ends early is torn down, too."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from pytest_djworkers.run.hooks.lock_wait import say_aloud
from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.system.interrupts import Interrupts
from pytest_djworkers.system.orphaned_processes import describe_ended, end_orphans


class EndingPlugin:
    """Decides when a signal may end what, and passes it on to pytest-xdist's workers.

    Ctrl-C is left to others, such as asyncio, while tests run that are not ours.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._workers: dict[str, int] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """End what runs that were killed have left behind, and say so."""
        if not hasattr(session.config, "workerinput") and (ended := end_orphans()):
            say_aloud(session.config, f"djworkers: {describe_ended(ended)}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """From a burst's first moment on, there is something to clean up."""
        if not is_load_test(item):
            return (yield)
        self._interrupts.forget()
        self._interrupts.take(signal.SIGINT)
        result = yield
        # Not after an exception, which ends the run: more of them are on their way, maybe.
        self._interrupts.give_back(signal.SIGINT)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Interrupted, pytest-django forgets the databases that it has made so far."""
        if fixturedef.argname != "django_db_setup":
            return (yield)
        with self._interrupts.held():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Interrupted, pytest forgets the finalizers that were to come."""
        if nextitem is not None and not is_load_test(item):
            return (yield)
        with self._interrupts.held():
            return (yield)

    def pytest_keyboard_interrupt(self) -> None:
        """The teardown begins. xdist would let its workers go on for another five seconds."""
        self._clean_up()
        for pid in self._workers.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Tear down what another plugin's error kept pytest from."""
        self._clean_up()
        try:
            return (yield)
        except BaseException:
            session._setupstate.teardown_exact(None)  # noqa: SLF001  # as pytest does here
            raise

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        """Remember a worker that pytest-xdist has started on this machine."""
        if node.gateway.spec.popen:
            self._workers[node.gateway.id] = node.gateway._rinfo().pid  # noqa: SLF001  # cached

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Forget it: its id may be another process's soon."""
        self._workers.pop(node.gateway.id, None)

    def _clean_up(self) -> None:
        self._interrupts.take(signal.SIGINT)
        self._interrupts.clean_up()
