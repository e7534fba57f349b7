"""The pacer of a fixed rate, far behind its plan."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from pytest_djworkers.load import pacer as module
from pytest_djworkers.load.pacer import Pacer

_LATE = 300
"""More requests than are sent at once."""


def test_responses_get_their_turn_while_many_requests_are_late() -> None:
    begun: list[int] = []
    turns: list[int] = []

    async def run() -> None:
        plan = SimpleNamespace(take=lambda now: 0, next_ns=0)
        tally = SimpleNamespace(counts=lambda now: False)
        window: Any = SimpleNamespace(plan=plan, is_firing=True, tally=tally)
        pacer = Pacer(window, lambda connection, planned, now: begun.append(planned))
        for _ in range(_LATE):
            connection: Any = SimpleNamespace()
            pacer.add(connection, 0)
        pacer.send_due()
        # The rest is due at once, but not before whatever else the loop has to do.
        while len(begun) < _LATE:
            turns.append(len(begun))
            await asyncio.sleep(0)
        pacer.stop()

    asyncio.run(run())
    assert turns[0] == module._SENT_AT_ONCE
    assert len(begun) == _LATE
