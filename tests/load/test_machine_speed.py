"""The machine's speed in a window, by the CPU time of small pieces of work."""

from __future__ import annotations

import asyncio
import time
from itertools import chain, repeat

import pytest

from pytest_djworkers.load.machine_speed import MachineSpeed
from tests.support.fault_server import always, serve
from tests.support.faults import OK
from tests.support.firing import fire


def measured(pieces: int = 3) -> float | None:
    """What is measured until there are so many pieces of work."""
    speed = MachineSpeed()

    async def watch() -> None:
        with speed.watched():
            deadline = time.monotonic() + 10
            while len(speed._speeds) < pieces and time.monotonic() < deadline:
                await asyncio.sleep(0.001)

    asyncio.run(watch())
    found = speed.take()
    assert speed.take() is None
    return found


def test_the_speed_is_in_pieces_of_work_per_second() -> None:
    found = measured()
    assert found is not None
    # A thousand steps take about 50 us, and no machine is 50 times as fast or as slow.
    assert 400 < found < 1_000_000


def test_a_machine_of_half_the_speed_reads_half(monkeypatch: pytest.MonkeyPatch) -> None:
    def speed_if_a_piece_takes(*pieces_ns: int) -> float | None:
        clock = chain.from_iterable((0, piece_ns) for piece_ns in pieces_ns)
        ends = chain(clock, *repeat((0, pieces_ns[-1]), 1000))
        monkeypatch.setattr(time, "thread_time_ns", lambda: next(ends))
        return measured(len(pieces_ns))

    fast = speed_if_a_piece_takes(*[50_000] * 3)
    slow = speed_if_a_piece_takes(*[100_000] * 3)
    assert fast is not None
    assert slow is not None
    assert (fast, slow) == pytest.approx((20_000, 10_000))
    # An interruption that the clock counts is not the speed.
    assert speed_if_a_piece_takes(50_000, 50_000, 50_000_000, 50_000) == pytest.approx(15_005)


def test_only_windows_of_comparisons_have_it() -> None:
    with serve(always(OK)) as server:
        burst = fire(server.address, duration_s=0.1)
        window = fire(server.address, duration_s=0.1, drain_s=5)
    assert burst.machine_speed is None
    assert window.machine_speed is not None
