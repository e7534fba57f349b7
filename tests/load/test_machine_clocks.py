"""The clocks of another machine, which a test sets."""

from __future__ import annotations

import time

import pytest

from pytest_djworkers.load.machine_clocks import compare_clocks


def test_the_quickest_response_counts() -> None:
    delays = iter([0.05, 0.0, 0.08])

    def ask() -> tuple[int, float]:
        # An hour ahead, and another boot of another machine.
        clocks = time.monotonic_ns() + 7_000_000_000, time.time() + 3600
        time.sleep(next(delays))
        return clocks

    offset = compare_clocks(ask, 3)
    assert offset.error_s < 0.02
    assert offset.monotonic_ns == pytest.approx(7e9, abs=25e6)
    assert offset.unix_s == pytest.approx(3600, abs=0.025)


def test_the_true_offset_is_within_the_error() -> None:
    def ask() -> tuple[int, float]:
        time.sleep(0.01)
        clocks = time.monotonic_ns(), time.time()
        time.sleep(0.03)
        return clocks

    offset = compare_clocks(ask, 2)
    assert abs(offset.monotonic_ns) / 1e9 <= offset.error_s
    # The clocks of one machine are read one after the other.
    assert abs(offset.unix_s) <= offset.error_s + 0.005
    assert offset.error_s >= 0.02
