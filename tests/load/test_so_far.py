"""The figures of a window that is still open: told by agents, read and added up."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.load import agent, pool
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.so_far import SoFar, live_figures
from pytest_djworkers.load.wrk import WrkGenerator
from pytest_djworkers.progress import LiveFigures
from pytest_djworkers.serialization import from_simple, to_simple
from tests.support.fault_server import always, answer, serve
from tests.support.profiles import make_profile
from tests.support.progress import Told


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect garbage again after a burst."""
    yield
    gc.unfreeze()
    gc.enable()


@contextmanager
def piped(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Let standard output be a pipe while entered; return the end to read from."""
    reading, writing = os.pipe()
    with (
        TextIOWrapper(open(writing, "wb", buffering=0), write_through=True) as stdout,
        monkeypatch.context() as patch,
    ):
        # Not in a fixture: pytest's capturing sets it anew for each phase of a test.
        patch.setattr(sys, "stdout", stdout)
        yield reading
    os.close(reading)


def test_the_figures_of_all_agents_are_added_up() -> None:
    one = SoFar(2.0, 1_000, 1, [(1_000, 990), (8_000, 10)])
    other = SoFar(4.0, 2_000, 2, [(1_000, 1_980), (16_000, 20)])
    assert live_figures([one, other]) == LiveFigures(1_000.0, 0.001, 3)
    assert live_figures([SoFar(1.0, 5, 0, [(1_000, 5)])]).p99_s is None


def told_by_an_agent(monkeypatch: pytest.MonkeyPatch, *, tells: bool) -> list[Any]:
    """Return the messages of an agent during a burst of half a second."""
    monkeypatch.setattr(pool, "_TELL_EVERY_NS", 50_000_000)
    with serve(always(answer())) as server:
        job = {
            "profile": to_simple(make_profile(connections=3, duration_s=0.45)),
            "address": server.address,
            "host": "example.com",
            "connections": 3,
            "share": {"index": 0, "of": 1},
            "at_once": 3,
            # So the window begins when the agent is ready, and not before.
            "drain_s": 5.0,
            "tells": tells,
        }
        start = {"start_ns": time.monotonic_ns()}
        monkeypatch.setattr(sys, "stdin", StringIO(f"{json.dumps(job)}\n{json.dumps(start)}\n"))
        with piped(monkeypatch) as reading:
            agent.main()
            return [json.loads(line) for line in os.read(reading, 1 << 20).splitlines()]


def test_an_agent_tells_the_figures_while_the_window_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, *told, report = told_by_an_agent(monkeypatch, tells=True)
    assert opened == {"opened": 3}
    figures = [from_simple(message["so_far"], SoFar) for message in told]
    assert figures
    numbers = [one.responses for one in figures]
    assert numbers == sorted(numbers)
    assert all(0.0 < one.open_s < 0.45 for one in figures)
    assert all(sum(count for _, count in one.latency) == one.responses for one in figures)
    assert numbers[-1] <= from_simple(report, AgentReport).counts.ok


def test_an_agent_that_is_not_asked_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, report = told_by_an_agent(monkeypatch, tells=False)
    assert opened == {"opened": 3}
    assert from_simple(report, AgentReport).counts.ok


def test_an_agent_that_nobody_reads_is_not_stopped_by_its_full_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small, too_long = SoFar(1.0, 10, 0, [(1, 10)]), SoFar(1.0, 10, 0, [(1, 1)] * 1_000)

    def tell() -> None:
        for one in (too_long, *[small] * 3_000):
            agent._tell(one)

    with piped(monkeypatch) as reading:
        telling = threading.Thread(target=tell, daemon=True)
        telling.start()
        telling.join(30)
        assert not telling.is_alive()
        lines = os.read(reading, 1 << 20).splitlines()
    # Whole lines only, and no more than the pipe holds.
    (line,) = set(lines)
    assert from_simple(json.loads(line)["so_far"], SoFar) == small
    assert len(lines) < 3_000


def test_a_burst_reports_its_phases_and_its_figures(tmp_path: Path) -> None:
    profile, told = make_profile(connections=4, warmup_s=0.1, duration_s=1.4), Told()
    with serve(always(answer())) as server:
        result = AsyncioGenerator(2).fire(profile, Target(server.address, tmp_path), told)
    assert told.names == ["connect", "warm-up", "window"]
    warm_up_ends, window_ends = (phase.ends_s for phase in told.phases[1:])
    assert warm_up_ends is not None
    assert window_ends == pytest.approx(warm_up_ends + 1.4)
    # Both agents told once, and at least once both together.
    assert 1 <= len(told.figures) <= 2
    assert all(one.rps > 0 and one.errors == 0 for one in told.figures)
    assert result.ok > told.figures[0].rps


def test_a_warm_up_that_drains_reports_its_phases_and_no_figures(tmp_path: Path) -> None:
    profile, told = make_profile(warmup_s=0.1), Told()
    with serve(always(answer())) as server:
        AsyncioGenerator().warm_up(profile, Target(server.address, tmp_path), told)
    assert told.names == ["connect", "warm-up", "drain"]
    assert told.figures == []


def test_wrk_reports_the_expected_end_of_its_window(tmp_path: Path) -> None:
    program = tmp_path / "wrk"
    figures = {"requests": 1, "errors": {}}
    program.write_text(f"#!/bin/sh\necho '{json.dumps(figures)}' > $DJWORKERS_WRK_RESULT\n")
    program.chmod(0o755)
    told = Told()
    profile = make_profile(duration_s=1.0, timeout_s=1.0)
    with pytest.raises(Exception, match="no figures"):
        WrkGenerator(str(program)).fire(profile, Target(("127.0.0.1", 1), tmp_path), told)
    (phase,) = told.phases
    assert phase.name == "window"
    assert phase.ends_s is not None
