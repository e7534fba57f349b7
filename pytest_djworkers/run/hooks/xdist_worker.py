"""In a worker of pytest-xdist: no test runs during another worker's burst, and load tests run as a
block."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.run.xdist import XdistWorker
from pytest_djworkers.system.run_lock import RunLock

_IN_ORDER = {"load", "worksteal"}
"""The values of ``--dist`` with which tests are handed out in the order of collection."""


class XdistWorkerPlugin:
    """Shares the machine with the other workers whenever this one does something of its own."""

    def __init__(self, worker: XdistWorker, lock: RunLock) -> None:
        self._worker = worker
        self._lock = lock

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Wait for bursts before the tests are collected: this worker may replace a crashed one."""
        with self._lock.shared("the collection of its tests"):
            return (yield)

    @pytest.hookimpl(tryfirst=True, specname="pytest_collection_modifyitems")
    def pytest_djworkers_group(self, items: list[pytest.Item]) -> None:
        """Have the load tests of a backend run in one worker, with ``--dist=loadgroup``."""
        # Before pytest-xdist reads the groups.
        if self._worker.dist != "loadgroup":
            return
        for item in filter(is_load_test, items):
            backend = getattr(getattr(item, "callspec", None), "params", {}).get(
                "djworkers_backend"
            )
            if backend is not None and item.get_closest_marker("xdist_group") is None:
                item.add_marker(pytest.mark.xdist_group(f"djworkers-{backend}"))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the load tests last, as a block, where tests are handed out in this order."""
        if self._worker.dist in _IN_ORDER:
            items.sort(key=is_load_test)

    # The outermost wrapper: the time limit of pytest-timeout begins after the wait.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Wait for bursts before a test is set up, and let no burst begin before its end."""
        with self._lock.shared(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Wait for bursts before plugins write what they have collected, such as pytest-cov."""
        with self._lock.shared("the end of its session"):
            return (yield)
