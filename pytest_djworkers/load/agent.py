"""One process of the built-in generator: ``python -m pytest_djworkers.load.agent``.

It exchanges lines of JSON over its standard streams with the pytest process (``agent_group.py``):

1. in: an ``AgentJob``
2. out: ``{"opened": N}`` once N of its connections are open
3. in: a ``StartSignal``
4. out: an ``AgentReport``

3 and 4 may be repeated on the same connections if the job drains them; connections that the server
closed in between are opened again. If the job asks for it, the agent says ``{"so_far": SoFar}``
between 3 and 4, once a second at most. It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import select
import selectors
import sys
from dataclasses import replace
from typing import Any, TypeVar

from pytest_djworkers.load.agent_job import AgentJob, StartSignal
from pytest_djworkers.load.pool import Pool
from pytest_djworkers.load.so_far import SO_FAR, SoFar
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.system.cpu_count import available_cpus

OPEN_WITHIN_S = 5.0
"""The time in seconds after which a burst begins without the connections that are not open yet;
over TLS, it is longer by that for the handshakes."""
_Message = TypeVar("_Message")


async def _run() -> None:
    asyncio.get_running_loop().set_exception_handler(_die)
    job = await _hear(AgentJob)
    open_within_s = OPEN_WITHIN_S + job.handshakes_s
    # Those of this machine, which may be another one than pytest's.
    cpus = available_cpus().of_one_process
    pool = Pool(
        job.profile, job.address, job.connections, job.share, host=job.host, route=job.route
    )
    try:
        if job.under_load:
            opened = await pool.open_under_load(job.drain_s)
        else:
            opened = await pool.open(open_within_s, at_once=job.at_once)
        _say({"opened": opened})
        start = await _hear(StartSignal)
        # A collection would be a stall of our own making. Nothing in a burst makes cycles of
        # objects, so nothing is lost without one.
        gc.collect()
        gc.freeze()
        gc.disable()
        while True:
            report = await pool.fire(
                start.start_ns,
                drain_s=job.drain_s,
                early_close=start.early_close or job.early_close,
                tell=_tell if job.tells else None,
            )
            _say(to_simple(replace(report, cpus=cpus)))
            # Connections that were not drained still have work of this window in the server.
            if not job.drain_s or (again := await _hear_or_end(StartSignal)) is None:
                break
            start = again
            await pool.open(open_within_s, at_once=job.at_once)
    finally:
        pool.close()


async def _hear(message: type[_Message]) -> _Message:
    """Return the next message. Raises SystemExit if there is none."""
    heard = await _hear_or_end(message)
    if heard is None:
        raise SystemExit(0)
    return heard


async def _hear_or_end(message: type[_Message]) -> _Message | None:
    """Return the next message; None when standard input has ended."""
    # In a thread, since the loop has to see the server close connections meanwhile.
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return from_simple(json.loads(line), message) if line else None


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(_line(message))
    sys.stdout.flush()


def _tell(so_far: SoFar) -> None:
    """Say the figures so far, unless nobody reads: a full pipe would stop the burst."""
    line = _line({SO_FAR: to_simple(so_far)}).encode()
    # To a pipe that select(2) calls writable, so many bytes are written at once.
    if len(line) <= select.PIPE_BUF and select.select([], [sys.stdout], [], 0)[1]:
        os.write(sys.stdout.fileno(), line)


def _line(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":")) + "\n"


def _die(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """End the process at a mistake of our own in a callback.

    asyncio would only log it, and go on with a smaller burst.
    """
    loop.default_exception_handler(context)
    os._exit(1)


def _loop() -> asyncio.AbstractEventLoop:
    # It watches two descriptors, and select waits to the microsecond where epoll, as the
    # standard library calls it, rounds up to a millisecond: too coarse for a fixed rate.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main() -> None:
    """Run one agent, from its job to the end of its standard input."""
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_run())


if __name__ == "__main__":  # pragma: no cover  # in a process of its own
    main()
