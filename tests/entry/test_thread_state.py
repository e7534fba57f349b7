"""What a thread waits for: its system call, and the call in its code."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import pytest

from pytest_djworkers.entry.thread_state import CallFinder, system_call
from tests.support.processes import until

LOCK = threading.Lock()


def with_a_block() -> None:
    with LOCK:
        assert LOCK.locked()


def with_all_on_a_line() -> None:
    with LOCK: assert LOCK.locked()  # fmt: skip  # the form is what is tested  # noqa: E701


def acquiring() -> None:
    LOCK.acquire()
    LOCK.release()


@pytest.mark.parametrize(
    ("waits", "begins"),
    [
        (with_a_block, "with LOCK"),
        (with_all_on_a_line, "with LOCK"),
        (acquiring, "LOCK.acquire()"),
    ],
)
def test_a_thread_that_waits_for_a_lock_is_in_the_statement_that_takes_it(
    waits: Callable[[], None], begins: str
) -> None:
    thread = threading.Thread(target=waits)

    def call() -> str:
        frame = sys._current_frames().get(thread.ident or 0)
        return CallFinder()(frame) if frame is not None else ""

    with LOCK:
        thread.start()
        until(lambda: call().startswith(begins) and system_call(thread.native_id or 0) == "futex")
    thread.join()
