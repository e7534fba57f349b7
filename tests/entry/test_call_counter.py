"""The counter counts functions that start, in all threads, and nothing of ours."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_djworkers.entry import call_counter as module
from pytest_djworkers.entry.call_counter import CountedCalls, TracedMemory, new_counter


@pytest.fixture(autouse=True)
def of_threads() -> Iterator[None]:
    """The profile functions of the test's own process are put back."""
    before, of_threads = sys.getprofile(), threading.getprofile()
    yield
    sys.setprofile(before)
    threading.setprofile(of_threads)


def counted(work: Callable[[], object]) -> dict[str, int]:
    """Return the number of calls of each of this module's functions."""
    recording = CountedCalls(new_counter())
    recording.begin()
    work()
    recording.leave()
    found = recording.finish()
    assert not found["problem"]
    return {name: number for file, name, _, number in found["functions"] if file == __file__}


def called() -> None:
    """Do nothing."""


def numbers() -> Iterator[int]:
    yield from range(10)


def test_each_call_counts_once_however_often_a_generator_goes_on() -> None:
    def work() -> None:
        for _ in numbers():
            called()

    assert counted(work) == {work.__qualname__: 1, "called": 10, "numbers": 1}


def test_a_coroutine_that_waits_counts_once() -> None:
    async def waits() -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    # The loop's own calls depend on timing.
    found = counted(lambda: asyncio.run(waits()))
    assert found[waits.__qualname__] == 1
    recording = CountedCalls(new_counter())
    recording.begin()
    asyncio.run(waits())
    recording.leave()
    assert not [one for one in recording.finish()["functions"] if "/asyncio/" in one[0]]


def test_threads_that_the_request_starts_count() -> None:
    counter = new_counter()

    def work() -> None:
        threads = [threading.Thread(target=called) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    recording = CountedCalls(counter)
    recording.begin()
    work()
    recording.leave()
    files = [(name, number) for _, name, _, number in recording.finish()["functions"]]
    assert ("called", 3) in files
    assert not [name for name, _ in files if name.startswith("Thread.")]


def test_nothing_counts_after_the_request() -> None:
    recording = CountedCalls(new_counter())
    recording.begin()
    recording.leave()
    called()
    assert "called" not in {name for _, name, _, _ in recording.finish()["functions"]}
    assert sys.getprofile() is None


@pytest.mark.skipif(hasattr(sys, "monitoring"), reason="Python 3.12 counts without sys.setprofile")
@pytest.mark.parametrize("profiles_before", [True, False])
def test_a_site_that_profiles_itself_is_not_counted(profiles_before: bool) -> None:
    def profile(*_: Any) -> None:
        """Do nothing."""

    recording = CountedCalls(new_counter())
    if profiles_before:
        sys.setprofile(profile)
    recording.begin()
    if not profiles_before:
        sys.setprofile(profile)
    recording.leave()
    assert sys.getprofile() is profile
    assert recording.finish()["problem"] == "the site profiles itself (sys.setprofile)"


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="Python 3.11 has no sys.monitoring")
def test_a_site_that_monitors_itself_is_not_counted() -> None:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]  # not in 3.11
    for tool in (3, 4):
        monitoring.use_tool_id(tool, "the site")
    recording = CountedCalls(new_counter())
    try:
        recording.begin()
        recording.leave()
    finally:
        for tool in (3, 4):
            monitoring.free_tool_id(tool)
    assert recording.finish()["problem"] == "the site monitors itself (sys.monitoring)"


def test_the_collector_does_not_run_meanwhile() -> None:
    recording = CountedCalls(new_counter())
    recording.begin()
    assert not gc.isenabled()
    recording.leave()
    assert gc.isenabled()


def test_the_memory_is_the_most_at_once() -> None:
    recording = TracedMemory()
    recording.begin()
    for _ in range(3):
        bytearray(1_000_000)
    recording.leave()
    assert 1_000_000 <= recording.finish()["peak"] < 2_000_000
    assert not tracemalloc.is_tracing()


def test_memory_that_the_site_traces_itself_is_left_alone() -> None:
    tracemalloc.start()
    try:
        recording = TracedMemory()
        recording.begin()
        recording.leave()
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()
    assert recording.finish()["problem"] == "the site traces its memory itself (tracemalloc)"


def test_this_package_is_left_out() -> None:
    recording = CountedCalls(new_counter())
    recording.begin()
    module.new_counter()
    recording.leave()
    assert not [one for one in recording.finish()["functions"] if one[0] == module.__file__]
