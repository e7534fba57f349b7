"""One process of the built-in generator: ``python -m pytest_djworkers.load.agent``.

It speaks JSON lines over its standard streams with the pytest process (``agent_group.py``):

1. in: ``{"profile": ..., "address": [address, port], "host": "name:port",
   "connections": N, "share": [index, of], "at_once": N, "drain_s": 0,
   "early_close": {"after_s": S, "responses": N} or null}``
2. out: ``{"opened": N}`` once the connections stand
3. in: ``{"start_ns": T}``, a moment of the machine's monotonic clock, the same for all agents
4. out: an ``AgentReport``

3 and 4 may be repeated on the same connections, where what is in flight is drained; those that
the server closed in between are opened again. When its standard input ends, so does it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import selectors
import sys
from typing import Any

from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.pool import Pool
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.rate import Share
from pytest_djworkers.serialization import from_simple, to_simple

OPEN_WITHIN_S = 5.0


async def _run() -> None:
    asyncio.get_running_loop().set_exception_handler(_die)
    job = await _hear()
    profile = from_simple(job["profile"], Profile)
    address, port = job["address"]
    early_close = EarlyClose.from_dict(job["early_close"])
    pool = Pool(
        profile, (address, port), job["connections"], Share(*job["share"]), host=job["host"]
    )
    try:
        _say({"opened": await pool.open(OPEN_WITHIN_S, at_once=job["at_once"])})
        start = await _hear()
        # Nothing in a burst makes cycles, and a collection would be a stall of our own making.
        gc.collect()
        gc.freeze()
        gc.disable()
        while True:
            report = await pool.fire(
                start["start_ns"], drain_s=job["drain_s"], early_close=early_close
            )
            _say(to_simple(report))
            # What was not drained is not fit for another window.
            if not job["drain_s"] or (start := await _hear_or_end()) is None:
                break
            await pool.open(OPEN_WITHIN_S, at_once=job["at_once"])
    finally:
        pool.close()


async def _hear() -> Any:
    message = await _hear_or_end()
    if message is None:
        raise SystemExit(0)
    return message


async def _hear_or_end() -> Any:
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return json.loads(line) if line else None


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _die(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """End at a mistake of our own in a callback: it must not become a smaller burst."""
    loop.default_exception_handler(context)
    os._exit(1)


def _loop() -> asyncio.AbstractEventLoop:
    # It watches two descriptors, and select waits to the microsecond where epoll, as the
    # standard library calls it, rounds up to a millisecond: too coarse for a fixed rate.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main() -> None:
    """Do as told."""
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_run())


if __name__ == "__main__":  # pragma: no cover  # in a process of its own
    main()
