"""Signals that end a run: once, tidily, and nobody else's."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from pytest_djworkers.system import interrupts as module
from pytest_djworkers.system.interrupts import Interrupts

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    """Interrupts that end with the test."""
    made = Interrupts()
    yield made
    made.end()


def send(number: int) -> None:
    """Signal this process; what the handler raises is raised here."""
    os.kill(os.getpid(), number)


def send_twice(number: int, steps: list[str]) -> None:
    """Signal this process, twice; what came back of it is noted."""
    for step in ("one", "another"):
        send(number)
        steps.append(step)


@BOTH
def test_the_first_signal_is_a_keyboard_interrupt(
    interrupts: Interrupts, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    assert interrupts.take(number)
    with pytest.raises(KeyboardInterrupt) as raised:
        send(number)
    assert str(raised.value) == ("" if number == signal.SIGINT else "SIGTERM")
    interrupts.end()
    assert signal.getsignal(number) == before


@BOTH
def test_a_second_signal_soon_after_counts_as_the_same(
    interrupts: Interrupts, number: signal.Signals
) -> None:
    interrupts.take(signal.SIGINT)
    interrupts.take(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)
    send(number)
    interrupts.forget()
    with pytest.raises(KeyboardInterrupt):
        send(number)


def test_a_later_second_signal_is_a_keyboard_interrupt_again(
    interrupts: Interrupts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.0)
    interrupts.take(signal.SIGTERM)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGTERM)


def test_no_signal_ends_the_cleanup_of_a_run(interrupts: Interrupts) -> None:
    interrupts.take(signal.SIGTERM)
    interrupts.clean_up()
    send(signal.SIGTERM)


@BOTH
def test_a_signal_waits_for_the_end_of_a_held_block(
    interrupts: Interrupts, number: signal.Signals
) -> None:
    interrupts.take(signal.SIGTERM)
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts.held():
        send_twice(number, steps)
    assert steps == ["one", "another"]
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_a_second_signal_ends_a_held_block(
    interrupts: Interrupts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.0)
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts.held():
        send_twice(signal.SIGINT, steps)
    assert steps == ["one"]
    with interrupts.held():
        pass


def test_a_held_block_without_a_signal_ends_normally(interrupts: Interrupts) -> None:
    with interrupts.held():
        pass
    with pytest.raises(ZeroDivisionError), interrupts.held():
        raise ZeroDivisionError


@pytest.fixture
def somebody_elses() -> Iterator[list[int]]:
    """The signals that a SIGTERM handler of somebody else has received."""
    got: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        got.append(number)

    before = signal.signal(signal.SIGTERM, handle)
    yield got
    signal.signal(signal.SIGTERM, before)


def test_somebody_elses_handler_stays(interrupts: Interrupts, somebody_elses: list[int]) -> None:
    assert not interrupts.take(signal.SIGTERM)
    send(signal.SIGTERM)
    interrupts.end()
    send(signal.SIGTERM)
    assert somebody_elses == [signal.SIGTERM] * 2


def test_a_handler_that_came_later_stays(interrupts: Interrupts) -> None:
    before = signal.getsignal(signal.SIGTERM)
    interrupts.take(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        interrupts.end()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_nothing_is_taken(interrupts: Interrupts) -> None:
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(interrupts.take(signal.SIGTERM)))
    thread.start()
    thread.join()
    assert taken == [False]


def test_a_fork_ends_as_it_would_without(interrupts: Interrupts) -> None:
    # What multiprocessing's terminate() is to a test of the user's.
    interrupts.take(signal.SIGTERM)
    pid = os.fork()
    if not pid:
        try:
            send(signal.SIGTERM)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
