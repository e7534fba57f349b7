"""The clocks go on where tests stop them."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time

from pytest_djworkers.system.clock import CLOCK, Clock

LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
FACTOR = 5


@pytest.fixture(params=["freezegun", "time-machine"])
def stopped(request: pytest.FixtureRequest) -> AbstractContextManager[Any]:
    """A context manager that stops time while it is entered."""
    if request.param == "freezegun":
        return freeze_time(LONG_AGO)
    return time_machine.travel(LONG_AGO, tick=False)


def test_the_clocks_agree_with_the_time_module() -> None:
    assert abs(CLOCK.monotonic() - time.monotonic()) < FACTOR
    assert abs(CLOCK.monotonic_ns() - time.monotonic_ns()) < FACTOR * 1e9
    assert abs(CLOCK.unix() - time.time()) < FACTOR
    assert abs(CLOCK.exact_unix() - time.time()) < FACTOR


def test_the_exact_time_is_between_two_looks_at_the_time_module() -> None:
    # A microsecond is what a float of the seconds since 1970 can hold, and a few of them are lost.
    before = time.time()
    assert before - 1e-4 <= CLOCK.exact_unix() <= time.time() + 1e-4


def test_a_system_without_an_exact_clock_has_the_other() -> None:
    def read(clock: int) -> float:
        if clock == 11:
            raise OSError("Invalid argument")
        return 1234.5

    assert Clock(read).exact_unix() == 1234.5


def test_the_clocks_go_on_while_a_test_has_stopped_time(
    stopped: AbstractContextManager[Any],
) -> None:
    before = CLOCK.unix()
    with stopped:
        assert time.time() == LONG_AGO.timestamp()
        began_s, began_ns = CLOCK.monotonic(), CLOCK.monotonic_ns()
        while CLOCK.monotonic_ns() == began_ns:
            pass
        assert CLOCK.monotonic() > began_s
        assert abs(CLOCK.unix() - before) < 60
        assert abs(CLOCK.exact_unix() - before) < 60
