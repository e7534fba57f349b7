"""One burst at a time: between processes, and never longer than its holder lives."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_djworkers.errors import BusyMachineError
from pytest_djworkers.server.lock import MachineLock, lock_file
from tests.server.watching import REPOSITORY

HOLD = """
import os, sys
from pathlib import Path
from pytest_djworkers.server.lock import MachineLock

lock = MachineLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@contextmanager
def holder(file: Path, then: str = "") -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds the lock; what it does ``then`` it does on a line of input."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD + then, file],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def acquire(file: Path, wait_at_most_s: float = 15.0) -> None:
    """Acquire it and give it back."""
    lock = MachineLock(file, wait_at_most_s=wait_at_most_s)
    lock.acquire()
    lock.release()


def test_while_another_process_holds_it_nobody_else_gets_it(file: Path) -> None:
    with (
        holder(file) as other,
        pytest.raises(BusyMachineError, match=rf"for 0\.1s: .*{file}"),
    ):
        acquire(file, wait_at_most_s=0.1)
    other.wait(15)
    acquire(file)


def test_it_ends_with_a_killed_holder(file: Path) -> None:
    with holder(file) as other:
        other.kill()
        acquire(file)


def test_a_release_lets_the_next_one_in(file: Path) -> None:
    with holder(file, "lock.release(); print('free', flush=True); sys.stdin.readline()") as other:
        assert other.stdin is not None
        print(file=other.stdin, flush=True)
        acquire(file)


def test_a_fork_of_the_holder_does_not_keep_it(file: Path) -> None:
    lock = MachineLock(file)
    lock.acquire()
    assert lock._descriptor is not None
    # As a fork has it: the same open file.
    forked = os.dup(lock._descriptor)
    lock.release()
    acquire(file, wait_at_most_s=0.1)
    os.close(forked)


def test_it_may_be_acquired_twice_and_released_twice(file: Path) -> None:
    lock = MachineLock(file)
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.release()
    acquire(file, wait_at_most_s=0)


def test_two_locks_of_one_process_exclude_each_other(file: Path) -> None:
    lock = MachineLock(file)
    lock.acquire()
    with pytest.raises(BusyMachineError):
        acquire(file, wait_at_most_s=0)
    lock.release()


def test_its_file_is_made_for_all_users_and_stays(file: Path) -> None:
    before = os.umask(0o077)
    try:
        acquire(file)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o644


def test_another_users_file_is_only_read(file: Path) -> None:
    file.touch(mode=0o444)
    lock = MachineLock(file)
    lock.acquire()
    assert lock._descriptor is not None
    assert fcntl.fcntl(lock._descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    assert not os.get_inheritable(lock._descriptor)
    lock.release()


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    file = tmp_path / "none" / "lock"
    with pytest.raises(BusyMachineError, match=f"can't tell .* {file}: No such file"):
        acquire(file)


def test_all_runs_of_a_machine_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MachineLock()._file == lock_file()
    assert "pytest" in lock_file().name
    assert str(os.getpid()) not in lock_file().name
