"""The stacks of requests in threads, greenlets, coroutines, and coroutines' threads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from pytest_djworkers.entry.in_flight import Look, Seen, Served
from pytest_djworkers.entry.stack_sampling import READY, SUSPENDED
from pytest_djworkers.entry.thread_state import CallFinder
from tests.support.processes import REPOSITORY, until

IN_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent
from pytest_djworkers.entry.in_flight import Look, Served
from pytest_djworkers.entry.thread_state import CallFinder

requests = {}

def view():
    gevent.sleep(60)

def chain(name):
    requests[name] = Served.here(is_async=False)
    view()

def runs():
    requests["runs"] = Served.here(is_async=False)
    return look("runs")

def look(name):
    seen = Look([chain.__code__], CallFinder()).at(requests[name])
    return [code.co_name for code, _ in seen.frames], seen.state

waiting = [gevent.spawn(chain, name) for name in ("first", "second")]
gevent.sleep(0)
for name in ("first", "second"):
    names, state = look(name)
    assert state == "suspended", state
    assert names[-2:] == ["sleep", "view"], names
names, state = gevent.spawn(runs).get()
assert state != "suspended"
assert "runs" in names and "view" not in names, names
"""


def names(seen: Seen) -> list[str]:
    return [code.co_name for code, _ in seen.frames]


def look(served: Served) -> Seen:
    """Look at a request, whose stack begins within ``chain`` or ``async_chain``."""
    return Look([chain.__code__, async_chain.__code__], CallFinder()).at(served)


REQUESTS: list[Served] = []
GOES_ON = threading.Event()


def view() -> None:
    GOES_ON.wait(60)


def sleeps() -> None:
    while not GOES_ON.is_set():
        time.sleep(0.2)


def chain(called: object = view) -> None:
    REQUESTS.append(Served.here(is_async=False))
    called()  # type: ignore[operator]  # a function of this module


async def async_chain(called: object) -> None:
    REQUESTS.append(Served.here(is_async=True))
    await called()  # type: ignore[operator]  # likewise


async def async_view() -> None:
    await asyncio.sleep(60)


async def view_in_a_thread() -> None:
    await sync_to_async(view)()


@pytest.fixture(autouse=True)
def no_requests() -> Iterator[None]:
    REQUESTS.clear()
    GOES_ON.clear()
    yield
    # If a test fails, its thread ends nevertheless.
    GOES_ON.set()


def test_a_thread_that_waits_is_in_a_system_call() -> None:
    thread = threading.Thread(target=chain)
    thread.start()
    until(lambda: REQUESTS and look(REQUESTS[0]).state == "futex")
    seen = look(REQUESTS[0])
    assert names(seen)[-1] == "view"
    assert "acquire" in seen.call
    GOES_ON.set()
    thread.join()
    assert look(REQUESTS[0]).state == ""
    assert names(look(REQUESTS[0])) == []


def test_a_thread_that_sleeps_is_in_the_call_that_sleeps() -> None:
    thread = threading.Thread(target=chain, args=(sleeps,))
    thread.start()
    until(lambda: REQUESTS and look(REQUESTS[0]).state == "sleep")
    until(lambda: look(REQUESTS[0]).call == "time.sleep(0.2)")
    assert names(look(REQUESTS[0])) == ["sleeps"]
    GOES_ON.set()
    thread.join()


def test_lines_are_those_that_are_reached() -> None:
    REQUESTS.append(Served.here(is_async=False))
    (line,) = {line for code, line in look(REQUESTS[0]).frames if code.co_name == here()}
    assert line == test_lines_are_those_that_are_reached.__code__.co_firstlineno + 2


def here() -> str:
    return test_lines_are_those_that_are_reached.__name__


def test_a_coroutine_that_waits_is_suspended() -> None:
    async def run() -> Seen:
        task = asyncio.create_task(async_chain(async_view))
        await asyncio.sleep(0)
        seen = look(REQUESTS[0])
        task.cancel()
        return seen

    seen = asyncio.run(run())
    assert seen.state == SUSPENDED
    assert names(seen)[-2:] == ["sleep", "async_view"]


def test_a_coroutine_that_could_run_is_ready() -> None:
    async def runs() -> None:
        await asyncio.sleep(0)

    async def run() -> Seen:
        task = asyncio.create_task(async_chain(runs))
        await asyncio.sleep(0)
        seen = look(REQUESTS[0])
        await task
        return seen

    seen = asyncio.run(run())
    assert (seen.state, names(seen)[-1]) == (READY, "runs")


def test_a_coroutine_that_runs_is_on_its_thread() -> None:
    seen: list[Seen] = []

    async def runs() -> None:
        seen.append(look(REQUESTS[0]))

    asyncio.run(async_chain(runs))
    assert seen[0].state == ""
    assert "runs" in names(seen[0])
    assert "async_chain" not in names(seen[0])


def test_the_stack_of_a_thread_continues_that_of_its_coroutine() -> None:
    async def run() -> Seen:
        task = asyncio.create_task(async_chain(view_in_a_thread))
        seen = None
        while seen is None or seen.state != "futex" or "view" not in names(seen):
            await asyncio.sleep(0.01)
            seen = look(REQUESTS[0])
        GOES_ON.set()
        await task
        return seen

    seen = asyncio.run(asyncio.wait_for(run(), 30))
    found = names(seen)
    assert found.index("view") < found.index("view_in_a_thread")
    assert "acquire" in seen.call
    assert not {"thread_handler", "_bootstrap"}.intersection(found)


async def async_view_that_ends() -> None:
    while not GOES_ON.is_set():
        await asyncio.sleep(0.05)


def middleware() -> None:
    async_to_sync(async_view_that_ends)()


async def middleware_in_a_thread() -> None:
    await sync_to_async(middleware)()


def test_a_thread_that_waits_for_a_coroutine_is_where_that_is() -> None:
    thread = threading.Thread(target=chain, args=(middleware,))
    thread.start()
    until(lambda: REQUESTS and "sleep" in names(look(REQUESTS[0])))
    seen = look(REQUESTS[0])
    GOES_ON.set()
    thread.join()
    assert names(seen)[:2] == ["sleep", "async_view_that_ends"]
    assert names(seen)[-1] == "middleware"
    assert seen.state == SUSPENDED


def test_a_thread_that_works_for_its_coroutine_is_where_it_works() -> None:
    thread = threading.Thread(target=chain, args=(async_to_sync(view_in_a_thread),))
    thread.start()
    until(lambda: REQUESTS and look(REQUESTS[0]).state == "futex")
    until(lambda: "view" in names(look(REQUESTS[0])))
    seen = look(REQUESTS[0])
    GOES_ON.set()
    thread.join()
    assert "acquire" in seen.call


def test_a_coroutine_within_a_thread_of_a_coroutine_is_seen() -> None:
    async def run() -> Seen:
        task = asyncio.create_task(async_chain(middleware_in_a_thread))
        seen = None
        while seen is None or "sleep" not in names(seen):
            await asyncio.sleep(0.01)
            seen = look(REQUESTS[0])
        GOES_ON.set()
        await task
        return seen

    seen = asyncio.run(asyncio.wait_for(run(), 30))
    found = names(seen)
    assert found[:2] == ["sleep", "async_view_that_ends"]
    assert found.index("async_view_that_ends") < found.index("middleware")
    assert found[-1] == "middleware_in_a_thread"


def test_greenlets_are_told_from_each_other() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IN_GEVENT],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        timeout=60,
    )
    assert not done.returncode, done.stderr
