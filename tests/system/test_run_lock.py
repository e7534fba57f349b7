"""Tests of one run side by side, and a burst alone: nobody overtakes it, and a lock ends with its
process. Each lock here stands for a process of its own: flock(2) knows open files, not processes.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_djworkers.errors import BusyMachineError
from pytest_djworkers.system import long_waits
from pytest_djworkers.system import run_lock as module
from pytest_djworkers.system.machine_lock import NullLock
from pytest_djworkers.system.run_lock import RunLock
from tests.support.lock_holder import started
from tests.support.processes import until

HOLDER = """
import sys
from pathlib import Path
from pytest_djworkers.system.machine_lock import NullLock
from pytest_djworkers.system.run_lock import RunLock

lock = RunLock(Path(sys.argv[1]), "gw9", NullLock())
{take}
print("held", flush=True)
sys.stdin.readline()
"""


class Told:
    """An onlooker that remembers."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.waits: list[str] = []

    def begin(self, what: str) -> None:
        self.waits.append(what)

    def say(self, words: str) -> None:
        self.words.append(words)

    def end(self, waited_s: float) -> None:
        self.waits.append("over")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., RunLock]]:
    """Make the lock of one more process of the run."""
    made: list[RunLock] = []

    def make(**options: object) -> RunLock:
        options = {"machine": NullLock(), **options}
        made.append(RunLock(tmp_path, f"gw{len(made)}", **options))  # type: ignore[arg-type]  # any
        return made[-1]

    yield make
    for lock in made:
        lock.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


class Sharer:
    """A test that runs in a thread until it is told to end."""

    def __init__(self, pool: ThreadPoolExecutor, lock: RunLock, doing: str = "a test") -> None:
        self.runs = threading.Event()
        self._is_to_end = threading.Event()
        self._done: Future[None] = pool.submit(self._run, lock, doing)

    def _run(self, lock: RunLock, doing: str) -> None:
        with lock.shared(doing):
            self.runs.set()
            assert self._is_to_end.wait(15)

    def end(self) -> None:
        self._is_to_end.set()
        self._done.result(15)


def test_tests_run_side_by_side(make: Callable[..., RunLock]) -> None:
    one, other = make(), make()
    with one.shared("a test"), other.shared("another"):
        pass


def test_a_burst_waits_for_tests_that_run_and_lets_no_other_begin(
    make: Callable[..., RunLock], pool: ThreadPoolExecutor
) -> None:
    told = Told()
    measures, running = make(onlooker=told), Sharer(pool, make())
    assert running.runs.wait(15)
    acquired = pool.submit(measures.acquire)
    until(lambda: told.waits)
    later = Sharer(pool, make())
    # It came while the burst waited: it must not overtake, or bursts might wait for ever.
    assert not later.runs.wait(0.2)
    assert not acquired.done()
    running.end()
    acquired.result(15)
    assert not later.runs.wait(0.2)
    measures.release()
    assert later.runs.wait(15)
    later.end()
    assert told.waits == ["tests of other pytest-xdist workers", "over"]


def test_a_load_test_shares_again_after_its_burst(
    make: Callable[..., RunLock], pool: ThreadPoolExecutor
) -> None:
    one, other = make(), make()
    with one.shared("a load test"):
        one.acquire()
        one.acquire()  # nothing to do
        one.release()
        waits = pool.submit(other.acquire)
        # The test goes on behind its burst.
        with pytest.raises(TimeoutError):
            waits.result(0.2)
    waits.result(15)
    other.release()
    other.release()  # nothing to do


def test_bursts_take_turns(make: Callable[..., RunLock], pool: ThreadPoolExecutor) -> None:
    locks = [make(onlooker=Told()) for _ in range(4)]
    measuring: list[int] = []
    most: list[int] = []

    def measure(lock: RunLock) -> None:
        with lock.shared("a load test"):
            for _ in range(3):
                lock.acquire()
                measuring.append(1)
                most.append(len(measuring))
                measuring.pop()
                lock.release()

    for done in [pool.submit(measure, lock) for lock in locks]:
        done.result(60)
    assert (len(most), max(most)) == (12, 1)


class BusyMachine:
    """A machine that another run holds."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.is_free = threading.Event()
        self.is_held = False

    def acquire(self) -> None:
        self.is_asked.set()
        assert self.is_free.wait(15)
        self.is_held = True

    def release(self) -> None:
        self.is_held = False


def test_tests_go_on_while_a_burst_waits_for_another_runs(
    make: Callable[..., RunLock], pool: ThreadPoolExecutor
) -> None:
    machine = BusyMachine()
    lock, other = make(machine=machine), make()
    with lock.shared("a load test"):
        acquired = pool.submit(lock.acquire)
        assert machine.is_asked.wait(15)
        with other.shared("a test that begins meanwhile"):
            pass
        machine.is_free.set()
        acquired.result(15)
        assert machine.is_held
        lock.release()
    assert not machine.is_held


def test_a_failure_to_get_the_machine_leaves_nothing_locked(make: Callable[..., RunLock]) -> None:
    class Broken(BusyMachine):
        def acquire(self) -> None:
            raise BusyMachineError("another run's burst has held this machine for 900s")

    lock, other = make(machine=Broken()), make()
    with lock.shared("a load test"), pytest.raises(BusyMachineError):
        lock.acquire()
    other.acquire()
    other.release()


def test_it_says_which_tests_it_waits_for(
    make: Callable[..., RunLock], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_waits, "ANNOUNCE_AFTER_S", 0.0)
    told = Told()
    lock, running = make(onlooker=told), Sharer(pool, make(), "test_a.py::test_slow")
    idle = make()
    with idle.shared("a test that is over"):
        pass
    assert running.runs.wait(15)
    with lock.shared("its own"):
        acquired = pool.submit(lock.acquire)
        until(lambda: told.words)
        running.end()
        acquired.result(15)
        lock.release()
    assert told.words[0].startswith("waiting for tests of other pytest-xdist workers, 0s so far")
    assert told.words[0].endswith(": gw1 runs test_a.py::test_slow")
    assert told.words[-1].startswith("waited ")


def test_a_test_that_does_not_end_is_named(
    make: Callable[..., RunLock], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_AT_MOST_S", 0.1)
    lock, hangs = make(), Sharer(pool, make(), "test_a.py::test_hangs")
    assert hangs.runs.wait(15)
    with pytest.raises(BusyMachineError, match=r"for 0\.1s: gw1 runs test_a\.py::test_hangs: end"):
        lock.acquire()
    # Others go on.
    with make().shared("a test"):
        pass
    hangs.end()


def test_a_burst_of_another_worker_is_waited_for_in_silence(
    make: Callable[..., RunLock], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_waits, "ANNOUNCE_AFTER_S", 0.0)
    told = Told()
    one, other = make(), make(onlooker=told)
    one.acquire()
    acquired = pool.submit(other.acquire)
    until(lambda: told.waits)
    one.release()
    acquired.result(15)
    other.release()
    assert (told.waits, told.words) == (["", "over"], [])


@pytest.mark.parametrize(
    "take", ["lock.acquire()", 'test = lock.shared("a test"); test.__enter__()']
)
def test_a_killed_process_holds_nothing(
    take: str, make: Callable[..., RunLock], tmp_path: Path
) -> None:
    with started(HOLDER.format(take=take), str(tmp_path)) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(15)
    lock = make()
    lock.acquire()
    lock.release()
    with lock.shared("a test"):
        assert lock._others() == "an unknown process"


def test_a_fork_that_lives_longer_does_not_keep_it(make: Callable[..., RunLock]) -> None:
    held, waits_for_end = make(), os.pipe()
    held.acquire()
    child = os.fork()
    if not child:
        os.close(waits_for_end[1])
        os.read(waits_for_end[0], 1)
        os._exit(0)
    try:
        # As the system does at the end of the process.
        for descriptor in held._descriptors:
            os.close(descriptor)
        held._descriptors = ()
        held._measures = False
        other = make()
        other.acquire()
        other.release()
    finally:
        for descriptor in waits_for_end:
            os.close(descriptor)
        os.waitpid(child, 0)


def test_a_burst_in_a_fork_fails_in_words(make: Callable[..., RunLock]) -> None:
    lock = make()
    lock.close()
    with pytest.raises(BusyMachineError, match="can't tell what other pytest-xdist workers do: "):
        lock.acquire()
