"""A generator that was stopped says so."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Generator, Target
from pytest_djworkers.load.stopped_time import LEAST_STOP_NS, StoppedTime
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from pytest_djworkers.system.scheduling import scheduled_ns
from tests.support.fault_server import Peer, always, answer, serve
from tests.support.profiles import make_profile

MS = 1_000_000
beats = st.lists(st.tuples(st.integers(0, 200 * MS), st.integers(0, 200 * MS)), max_size=30)


@given(beats)
def test_time_at_work_or_waiting_for_a_cpu_is_no_stop(found: list[tuple[int, int]]) -> None:
    stops, scheduled_ns = StoppedTime(5), 5
    for late_ns, worked_ns in found:
        scheduled_ns += worked_ns
        stops.woke(late_ns, scheduled_ns)
    lost = [late_ns - worked_ns for late_ns, worked_ns in found]
    assert 0 <= stops.total_ns <= sum(ns for ns in lost if ns >= LEAST_STOP_NS)


@pytest.mark.parametrize(
    ("late_ms", "busy_ms", "stopped_ms"),
    [
        (1000, 20, 980),
        (1000, 0, 1000),
        (49, 0, 0),
        (50, 0, 50),
        (60, 20, 0),
        (150, 50, 100),
        (1000, 990, 0),
    ],
)
def test_a_late_timer_is_a_stop_if_it_is_long_enough(
    late_ms: int, busy_ms: int, stopped_ms: int
) -> None:
    stops = StoppedTime(7)
    stops.woke(late_ms * MS, 7 + busy_ms * MS)
    assert stops.total_ns == stopped_ms * MS


def test_the_scheduled_time_of_a_thread_that_works_grows() -> None:
    began_ns = scheduled_ns()
    if began_ns is None:
        pytest.skip("the system does not count it")
    until = time.thread_time_ns() + 20 * MS
    while time.thread_time_ns() < until:
        pass
    assert (scheduled_ns() or 0) - began_ns >= 19 * MS


def test_the_scheduled_time_of_a_thread_that_sleeps_does_not_grow() -> None:
    began_ns = scheduled_ns()
    if began_ns is None:
        pytest.skip("the system does not count it")
    time.sleep(0.5)
    assert (scheduled_ns() or 0) - began_ns < 400 * MS


def test_a_system_without_scheduled_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_djworkers.system.scheduling._SCHEDSTAT", Path("/nowhere"))
    assert scheduled_ns() is None


# Real ones.


def of_command(program: str, word: str) -> int:
    """The process below this one that runs a program with a word on its command line."""
    for process in psutil.Process().children(recursive=True):
        try:
            name, command = Path(process.exe()).name, process.cmdline()
        except psutil.Error:
            continue
        if name.startswith(program) and any(word in part for part in command[:4]):
            return process.pid
    raise AssertionError(f"no {program} with {word}")


@contextmanager
def stopping(program: str, word: str, for_s: float) -> Iterator[threading.Event]:
    """Stop that process for a while, once the event is set."""
    begin = threading.Event()

    def stop() -> None:
        if begin.wait(30):
            pid = of_command(program, word)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(for_s)
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield begin
    finally:
        thread.join()


@pytest.mark.parametrize(
    ("generator", "program", "word"),
    [
        (AsyncioGenerator(), "python", "pytest_djworkers.load.agent"),
        pytest.param(
            WrkGenerator(find_wrk() or "wrk"),
            "wrk",
            "-c2",
            marks=pytest.mark.skipif(find_wrk() is None, reason="wrk is not installed"),
        ),
    ],
    ids=["asyncio", "wrk"],
)
def test_a_generator_that_was_stopped_is_remarked_upon(
    generator: Generator, program: str, word: str, tmp_path: Path
) -> None:
    with stopping(program, word, 0.5) as begin:

        async def answers(peer: Peer) -> None:
            while True:
                await peer.request()
                if len(server.requests) > 50:
                    begin.set()
                await peer.send(answer())

        with serve(answers) as server:
            profile = make_profile(connections=2, duration_s=1)
            result = generator.fire(profile, Target(server.address, tmp_path))
    assert result.generator.stopped_s is not None
    assert result.generator.stopped_s > 0.3
    assert result.generator_stopped
    assert any(remark.startswith("generator stopped for ") for remark in result.remarks)


def test_a_generator_that_was_not_stopped_has_no_such_remark(tmp_path: Path) -> None:
    with serve(always(answer(), after_s=0.01)) as server:
        profile = make_profile(connections=2, duration_s=0.3)
        result = AsyncioGenerator().fire(profile, Target(server.address, tmp_path))
    assert result.generator.stopped_s is not None
    assert result.generator.stopped_s < 0.2
