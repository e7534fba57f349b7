"""The machine's speed in a window, by the CPU time of small pieces of work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from pytest_djworkers.load.machine_speed import MachineSpeed
from tests.support.fault_server import always, serve
from tests.support.faults import OK
from tests.support.firing import fire


def measured(enough: Callable[[MachineSpeed], bool]) -> float | None:
    """The speed that is measured until there is enough."""
    speed = MachineSpeed()

    async def watch() -> None:
        with speed.watched():
            deadline = time.monotonic() + 10
            while not enough(speed) and time.monotonic() < deadline:
                await asyncio.sleep(0.001)

    asyncio.run(watch())
    return speed.mean


def test_the_speed_is_in_pieces_of_work_per_second() -> None:
    assert MachineSpeed().mean is None
    found = measured(lambda speed: speed.mean is not None)
    assert found is not None
    # A thousand steps take about 100 us, and no machine is 25 times as slow or 100 times as fast.
    assert 400 < found < 1_000_000


def test_a_machine_of_half_the_speed_reads_half(monkeypatch: pytest.MonkeyPatch) -> None:
    def speed_if_a_piece_takes(*pieces_ns: int) -> float | None:
        readings = [reading for piece_ns in pieces_ns for reading in (0, piece_ns)]
        left = iter([*readings, *[0, pieces_ns[-1]] * 1000])
        read = 0

        def clock() -> int:
            nonlocal read
            read += 1
            return next(left)

        monkeypatch.setattr(time, "thread_time_ns", clock)
        return measured(lambda _: read >= len(readings))

    assert speed_if_a_piece_takes(*[50_000] * 3) == pytest.approx(20_000)
    assert speed_if_a_piece_takes(*[100_000] * 3) == pytest.approx(10_000)
    # An interruption that the clock counts is not the speed.
    assert speed_if_a_piece_takes(50_000, 50_000, 50_000_000, 50_000) == pytest.approx(15_005)


def test_only_windows_of_comparisons_have_it() -> None:
    with serve(always(OK)) as server:
        burst = fire(server.address, duration_s=0.1)
        window = fire(server.address, duration_s=0.1, drain_s=5)
    assert burst.machine_speed is None
    assert window.machine_speed is not None
