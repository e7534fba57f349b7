"""The resources that a server used, of real processes and as figures alone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.server.usage import (
    Look,
    UsageWatch,
    cpu_between,
    errors_in,
    longest_between,
)
from pytest_djworkers.system.cpu_time import cpu_time_between
from pytest_djworkers.system.session_members import cpu_used, session_members
from tests.support.guarded import Guarded
from tests.support.processes import lives, until

looks = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 10)),
    min_size=1,
    max_size=20,
    unique_by=lambda x: x[0],
)


def looked(found: list[tuple[float, float]]) -> list[Look]:
    """Looks at rising times with rising CPU seconds."""
    times = sorted(at for at, _ in found)
    used = sorted(cpu_s for _, cpu_s in found)
    return [Look(at, cpu_s, 0) for at, cpu_s in zip(times, used, strict=True)]


@given(looks, st.lists(st.floats(-10, 110), min_size=3, max_size=3))
def test_cpu_time_of_adjacent_parts_adds_up(
    found: list[tuple[float, float]], moments: list[float]
) -> None:
    begin, middle, end = sorted(moments)
    every = looked(found)
    whole = cpu_between(every, begin, end)
    parts = cpu_between(every, begin, middle) + cpu_between(every, middle, end)
    assert whole == pytest.approx(parts, abs=1e-6)
    assert 0 <= whole <= every[-1].cpu_s - every[0].cpu_s + 1e-9


def test_cpu_time_is_spread_evenly_between_looks() -> None:
    every = [Look(10, 1, 0), Look(20, 3, 0), Look(30, 3, 0)]
    assert cpu_between(every, 10, 20) == 2
    assert cpu_between(every, 15, 30) == 1
    assert cpu_between(every, 0, 12.5) == 0.5
    assert cpu_between(every, 20, 99) == 0


@pytest.mark.parametrize(
    ("begin", "end", "longest_s"),
    [(10, 30, 20), (12, 13, 20), (15, 16, 20), (34, 50, 3), (36, 40, 0), (0, 5, 0), (0, 11, 2)],
)
def test_the_longest_time_between_looks(begin: float, end: float, longest_s: float) -> None:
    every = [Look(at, 0, 0) for at in (10, 12, 32, 35)]
    assert longest_between(every, begin, end) == longest_s


@pytest.mark.parametrize(
    ("log", "errors"),
    [
        (b"", 0),
        (b"[INFO] all is well\nno errors here\n", 0),
        (b"[2026-01-01] [7] [ERROR] Error handling request /\nTraceback (most\n", 2),
        (b"Internal Server Error: /json\nTraceback (most recent call last):\n  File\n", 2),
        (b"CRITICAL: WORKER TIMEOUT\n2026 [error] x\n", 2),
    ],
)
def test_lines_of_errors_are_counted(log: bytes, errors: int) -> None:
    assert errors_in(log) == errors


BUSY = """
import os, sys, time
children = []
for work in sys.argv[1:]:
    pid = os.fork()
    if not pid:
        held = bytearray(50_000_000)
        while work == "busy":
            pass
        time.sleep(60)
    children.append(pid)
print(*children, flush=True)
for _ in children:
    pid, _ = os.wait()
    print("ERROR", pid, "died", flush=True)
time.sleep(60)
"""


def workers(log: Path, count: int) -> frozenset[int]:
    """The children that a busy script has started."""

    def told() -> list[str]:
        return log.read_text().split()

    until(lambda: len(told()) >= count)
    return frozenset(map(int, told()[:count]))


def test_all_processes_of_a_session_count(guarded: Guarded, log: Path) -> None:
    process = guarded(BUSY, "busy", "idle")
    pids = workers(log, 2)
    assert process.pid is not None
    with UsageWatch(process.pid, pids, log) as watch:
        until(lambda: watch.usage(0, time.time()).cpu_s > 0.3)
    usage = watch.usage(0, time.time())
    assert 0.3 < usage.cpu_s < 60
    assert 100_000_000 < usage.memory_bytes < 1_000_000_000
    assert (usage.workers, usage.workers_alive, usage.processes_started) == (2, 2, 0)
    assert usage.log_errors == 0


def test_a_dead_worker_is_missing_and_its_cpu_time_counts(guarded: Guarded, log: Path) -> None:
    process = guarded(BUSY, "busy", "idle")
    pids = workers(log, 2)
    assert process.pid is not None
    with UsageWatch(process.pid, pids, log) as watch:
        until(lambda: watch.usage(0, time.time()).cpu_s > 0.3)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not any(map(lives, pids)))
        until(lambda: log.read_text().count("died") == 2)
    usage = watch.usage(0, time.time())
    assert usage.cpu_s > 0.3
    assert (usage.workers, usage.workers_alive) == (2, 0)
    assert usage.log_errors == 2


SHORT_LIVED = """
import subprocess, sys, time
work = "import time; end = time.process_time() + 0.1\\nwhile time.process_time() < end: pass"
for _ in range(4):
    subprocess.run([sys.executable, "-S", "-c", work])
leaves_an_orphan = "import os, sys; os.fork() or exec(sys.argv[1])"
subprocess.run([sys.executable, "-S", "-c", leaves_an_orphan, work])
print("done", flush=True)
time.sleep(60)
"""


def test_cpu_time_of_children_that_ended_between_looks_counts(guarded: Guarded, log: Path) -> None:
    process = guarded(SHORT_LIVED)
    until(lambda: process.pid is not None)
    assert process.pid is not None
    before = cpu_used(process.pid)
    with UsageWatch(process.pid, frozenset(), log) as watch:
        until(lambda: "done" in log.read_text())
        until(lambda: len(session_members(process.pid or 0)) == 1)
    after = cpu_used(process.pid)
    assert before is not None
    assert after is not None
    # Five of them, in ticks of 10 ms; their interpreters start in addition.
    for used_s in (watch.usage(0, time.time()).cpu_s, cpu_time_between(before, after)):
        assert 0.45 < used_s < 5


def test_an_empty_session_uses_nothing(tmp_path: Path) -> None:
    with UsageWatch(0x7FFFFFF0, frozenset(), tmp_path / "no-log") as watch:
        pass
    usage = watch.usage(0, time.time())
    assert (usage.cpu_s, usage.memory_bytes, usage.log_errors) == (0, 0, 0)
