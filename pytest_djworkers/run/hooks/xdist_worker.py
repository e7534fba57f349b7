"""In a worker of pytest-xdist: no test runs during another worker's burst, and load tests run as a
block."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.run.reruns import begin_after
from pytest_djworkers.run.xdist import Collected, EndedAttempts, XdistWorker, share, shared
from pytest_djworkers.system.run_lock import RunLock

_IN_ORDER = {"load", "worksteal"}
"""The values of ``--dist`` with which tests are handed out in the order of collection."""


class XdistWorkerPlugin:
    """Shares the machine with the other workers whenever this one does something of its own."""

    def __init__(self, run: RunContext, worker: XdistWorker, lock: RunLock) -> None:
        self._run = run
        self._worker = worker
        self._lock = lock

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Wait for bursts before the tests are collected: this worker may replace a crashed one."""
        with self._lock.shared("the collection of its tests"):
            return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the load tests last, as a block, where tests are handed out in this order."""
        if self._worker.told.dist in _IN_ORDER:
            items.sort(key=is_load_test)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the controller what was collected, before it hands out tests."""
        # pytest-xdist's plugin, which then tells it that this worker is ready, is called later: it
        # was registered earlier.
        config, items = session.config, session.items
        load_tests = list(filter(is_load_test, items))
        said = config.hook.pytest_report_collectionfinish(
            config=config, start_path=config.invocation_params.dir, items=items
        )
        # In the order in which pytest prints them.
        lines = (
            line for one in reversed(said) for line in ([one] if isinstance(one, str) else one)
        )
        ours = tuple(line for line in lines if line.startswith("djworkers: "))
        groups = {item.nodeid: group for item in load_tests if (group := _group(item))}
        others = len(items) - len(load_tests)
        share(self._worker.folder, Collected(len(load_tests), others, ours, groups))

    # The outermost wrapper: the time limit of pytest-timeout begins after the wait.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Wait for bursts before a test is set up, and let no burst begin before its end."""
        if is_load_test(item):
            self._adopt_prepared()
            self._count_ended_attempts(item)
        with self._lock.shared(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Wait for bursts before plugins write what they have collected, such as pytest-cov."""
        with self._lock.shared("the end of its session"):
            return (yield)

    def _adopt_prepared(self) -> None:
        setup = self._run.comparison_setup
        if setup is not None and setup.prepared is None:
            from pytest_djworkers.compare.sides import Prepared  # only in runs that compare

            setup.prepared = shared(self._worker.folder, Prepared)

    def _count_ended_attempts(self, item: pytest.Item) -> None:
        if (ended := shared(self._worker.folder, EndedAttempts)) is not None:
            begin_after(item, ended.by_test.get(item.nodeid, 0))


def _group(item: pytest.Item) -> str:
    """Return the group of a load test with ``--dist=loadgroup``; empty if a marker gives it one."""
    if item.get_closest_marker("xdist_group") is not None:
        return ""
    backend = getattr(getattr(item, "callspec", None), "params", {}).get("djworkers_backend")
    return f"djworkers {backend}" if backend else ""
