"""The clocks go on where tests stop them."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time

from pytest_djworkers.system.clock import CLOCK

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
