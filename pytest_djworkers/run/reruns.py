"""Tests that other plugins run again: the bursts of the last attempt are the test's.

pytest-rerunfailures and flaky go through pytest's protocol, and report each attempt or the last
one; pytest-retry calls the hooks of setup and call from within the first attempt's report. All of
them set an item up anew for each attempt, so that is where an attempt begins.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.failures import with_judgement
from pytest_djworkers.run.junit import remove_burst_properties
from pytest_djworkers.run.stash import ATTEMPT, BURST, RETURNED, RUN, SERVER


def begin_attempt(item: pytest.Item) -> None:
    """Forget the server, the bursts and the properties of an earlier attempt at a test."""
    item.stash[ATTEMPT] = item.stash.get(ATTEMPT, 0) + 1
    item.stash[RETURNED] = False
    if BURST in item.stash:
        del item.stash[BURST]
    if SERVER in item.stash:
        del item.stash[SERVER]
    remove_burst_properties(item)


def begin_after(item: pytest.Item, attempts: int) -> None:
    """Have the item's next setup begin the attempt after this number of them, made elsewhere."""
    item.stash[ATTEMPT] = attempts


def continue_attempt(item: pytest.Item) -> None:
    """Have the item's next setup go on with the current attempt, which a budget has interrupted."""
    item.stash[ATTEMPT] = item.stash.get(ATTEMPT, 1) - 1


def records_of(item: pytest.Item) -> list[BurstRecord]:
    """Return the bursts of the attempt that began last, with what became of their limits."""
    burst, run = item.stash.get(BURST, None), item.config.stash.get(RUN, None)
    if burst is None or run is None:
        return []
    attempt = item.stash.get(ATTEMPT, 1)
    return [
        replace(with_judgement(one, burst.plan, run.settings), attempt=attempt)
        for one in burst.measured
    ]
