"""One burst at a time: between processes, in the order in which they came, and never longer than
its holder lives."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from pytest_djworkers.errors import BusyMachineError
from pytest_djworkers.system import long_waits
from pytest_djworkers.system import machine_lock as module
from pytest_djworkers.system.lock_queue import FilePlaces, SocketPlaces
from pytest_djworkers.system.machine_lock import MachineLock
from pytest_djworkers.system.shared_name import shared_name
from tests.support.lock_holder import holder
from tests.support.processes import until


@pytest.fixture(params=["sockets", "files"], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Both kinds of places; those in other processes are what Linux has."""
    if request.param == "files":
        monkeypatch.setattr(module, "queue_places", lambda name: FilePlaces(name, tmp_path))
    kind: str = request.param
    return kind


@pytest.fixture
def in_other_processes(kind: str) -> None:
    """For tests with other processes, which have the kind of this system."""
    if kind == "files":
        pytest.skip("other processes have one kind only: tested with sockets")


elsewhere = pytest.mark.usefixtures("in_other_processes")


def acquire(wait_at_most_s: float = 15.0) -> None:
    """Acquire it and give it back."""
    lock = MachineLock(wait_at_most_s=wait_at_most_s)
    lock.acquire()
    lock.release()


class Told:
    """An onlooker that remembers."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.waits: list[float | None] = []

    def begin(self, what: str) -> None:
        self.waits.append(None)

    def say(self, words: str) -> None:
        self.words.append(words)

    def end(self, waited_s: float) -> None:
        assert self.waits.pop() is None
        self.waits.append(waited_s)


@elsewhere
def test_while_another_process_holds_it_nobody_else_gets_it() -> None:
    with (
        holder() as other,
        pytest.raises(BusyMachineError, match=rf"for 0\.1s: process {other.pid} of "),
    ):
        acquire(wait_at_most_s=0.1)
    other.wait(15)
    acquire()


@elsewhere
def test_it_ends_with_a_killed_holder() -> None:
    with holder() as other:
        other.kill()
        acquire()


@elsewhere
def test_a_release_lets_the_next_one_in() -> None:
    with holder("lock.release(); print('free', flush=True); sys.stdin.readline()") as other:
        assert other.stdin is not None
        print(file=other.stdin, flush=True)
        acquire()


FORKS = """
forked = os.fork()
if not forked:
    import signal
    signal.alarm(60)
    signal.pause()
print(forked, flush=True)
sys.stdin.readline()
lock.release()
sys.stdin.readline()
"""


@elsewhere
@pytest.mark.parametrize("ends", ["killed", "released"])
def test_a_fork_of_the_holder_does_not_keep_it(ends: str) -> None:
    with holder(FORKS) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        print(file=other.stdin, flush=True)
        forked = int(other.stdout.readline())
        try:
            if ends == "killed":
                other.kill()
            else:
                print(file=other.stdin, flush=True)
            acquire()
        finally:
            os.kill(forked, signal.SIGKILL)


def test_it_may_be_acquired_twice_and_released_twice() -> None:
    lock = MachineLock()
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.release()
    acquire(wait_at_most_s=0)


def test_two_locks_of_one_process_exclude_each_other() -> None:
    lock = MachineLock()
    lock.acquire()
    with pytest.raises(BusyMachineError):
        acquire(wait_at_most_s=0)
    lock.release()


def test_waiting_processes_are_served_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_waits, "_LOOK_EVERY_S", 0.001)
    held = MachineLock()
    held.acquire()
    served: list[int] = []
    threads = []

    def wait(number: int, lock: MachineLock) -> None:
        lock.acquire()
        served.append(number)
        lock.release()

    for number in range(5):
        lock = MachineLock()
        thread = threading.Thread(target=wait, args=(number, lock))
        thread.start()
        threads.append(thread)
        # In the queue: close behind the one before it.
        until(lambda lock=lock, number=number: lock._next == number)  # type: ignore[misc]  # defaults bind the loop
    held.release()
    # It comes back at once, and is the last.
    wait(5, held)
    for thread in threads:
        thread.join(15)
    assert served == [0, 1, 2, 3, 4, 5]


def test_more_processes_than_the_queue_has_places_are_all_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_QUEUE", 3)
    monkeypatch.setattr(long_waits, "_LOOK_EVERY_S", 0.001)
    served: list[int] = []

    def wait(number: int) -> None:
        lock = MachineLock()
        lock.acquire()
        served.append(number)
        lock.release()

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert sorted(served) == list(range(8))


def test_a_process_that_gives_up_leaves_the_queue() -> None:
    held = MachineLock()
    held.acquire()
    for _ in range(3):
        with pytest.raises(BusyMachineError):
            acquire(wait_at_most_s=0)
    held.release()
    acquire(wait_at_most_s=0)


def test_an_interrupted_wait_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    held, told = MachineLock(), Told()
    held.acquire()
    interrupted = MachineLock(onlooker=told)
    monkeypatch.setattr(long_waits, "CLOCK", Interrupting())
    with pytest.raises(KeyboardInterrupt):
        interrupted.acquire()
    assert len(told.waits) == 1
    assert told.waits[0] is not None
    held.release()
    acquire(wait_at_most_s=0)


class Interrupting:
    """A clock during whose sleep there is Ctrl-C."""

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        os.kill(os.getpid(), signal.SIGINT)


class Fast:
    """A clock on which a look takes half a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += 0.5


def test_a_waiting_run_names_the_holder_after_five_seconds_and_every_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(long_waits, "CLOCK", Fast())
    held, told = MachineLock(), Told()
    held.acquire()
    with pytest.raises(BusyMachineError):
        MachineLock(wait_at_most_s=150, onlooker=told).acquire()
    held.release()
    begun = [words.partition(" at most")[0] for words in told.words]
    assert begun == [
        f"waiting for another run's burst, {seconds}s so far and 150s" for seconds in (5, 65, 125)
    ]
    assert told.waits == [150]


def test_a_short_wait_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    lock = MachineLock(onlooker=told)
    lock.acquire()
    assert told.waits == []
    other = MachineLock(onlooker=told, wait_at_most_s=0.01)
    with pytest.raises(BusyMachineError):
        other.acquire()
    lock.release()
    assert len(told.waits) == 1
    assert told.words == []


@elsewhere
def test_the_time_of_a_wait_is_reported_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_waits, "ANNOUNCE_AFTER_S", 0.0)
    told = Told()
    waiting = MachineLock(onlooker=told)
    with holder("lock.release(); sys.stdin.readline()") as other:
        assert other.stdin is not None
        said = told.say

        def say(words: str) -> None:
            said(words)
            print(file=other.stdin, flush=True)

        monkeypatch.setattr(told, "say", say)
        waiting.acquire()
    waiting.release()
    assert len(told.words) == 2
    assert f"process {other.pid} of " in told.words[0]
    assert told.words[1].startswith("waited ")


@elsewhere
def test_a_holder_is_named_by_what_the_kernel_knows_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[31mfolder"
    folder.mkdir()
    free = MachineLock().holder
    with holder(cwd=folder) as other:
        said = MachineLock().holder
    assert free == "an unknown process"
    assert said.startswith(f"process {other.pid} of ")
    assert f"({sys.executable} -c import os, sys" in said
    assert f"in {tmp_path}/afolder" in said
    assert said.endswith("), for 0s")
    assert said.isprintable()


@elsewhere
def test_a_process_that_only_blocks_the_queue_is_named_too() -> None:
    blocks = SocketPlaces(shared_name()).take(63)
    assert blocks is not None
    with pytest.raises(BusyMachineError, match=f": process {os.getpid()} of "):
        acquire(wait_at_most_s=0)
    blocks.release()


@elsewhere
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_users_take_turns_and_know_each_other() -> None:
    with holder(first="os.setuid(54321)") as other:
        with pytest.raises(BusyMachineError, match=f": process {other.pid} of user 54321 "):
            acquire(wait_at_most_s=0)
        other.kill()
        acquire()


@pytest.mark.parametrize("name", ["pytest-djworkers", "of a test"])
def test_all_runs_of_a_machine_share_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("_DJWORKERS_SHARED")
    if name != "pytest-djworkers":
        monkeypatch.setenv("_DJWORKERS_SHARED", name)
    assert shared_name() == MachineLock()._name == name


def test_the_lock_does_not_depend_on_the_users_folders(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "files":
        return
    monkeypatch.setenv("TMPDIR", "/no/such/folder")
    monkeypatch.setattr("tempfile.tempdir", None)
    assert MachineLock()._places == SocketPlaces(shared_name())
    acquire(wait_at_most_s=0)


def test_a_lock_that_cannot_be_had_is_named(kind: str, tmp_path: Path) -> None:
    lock = MachineLock()
    if kind == "files":
        (tmp_path / f"{shared_name()}-5.lock").mkdir()
        said = rf"{tmp_path}/\S+-5.lock: not a regular file"
    else:
        lock._places = SocketPlaces("x" * 200)
        said = "AF_UNIX path too long"
    with pytest.raises(BusyMachineError, match=f"can't tell whether .*{said}"):
        lock.acquire()
