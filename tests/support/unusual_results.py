"""Results of bursts in which something was unusual, for what stores and judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pytest_djworkers.load.facts import Connections, LostAgent, Series, Usage
from pytest_djworkers.load.result import BurstResult
from tests.support.results import RESULT, WRK

USED = Usage(1.0, 1000, 2, 2, 0, 0)
AT_RATE = replace(RESULT.profile, shape=replace(RESULT.profile.shape, rate=100.0))
PILED_UP = Series(0.1, (10,) * 100, (0,) * 100, tuple(range(0, 1000, 10)))

UNFIT: Mapping[str, BurstResult] = {
    "no expected response": replace(RESULT, ok=0, late=0),
    "1 of 2 agents lost": replace(
        RESULT, generator=replace(RESULT.generator, lost=(LostAgent("load agent 2 of 2", 4),))
    ),
    "starved": replace(RESULT, connections=Connections(requested=8, at_work=1.0)),
    "all responses were late": replace(WRK, latency=None, connections=Connections(requested=8)),
    "the generator was stopped": replace(
        RESULT, generator=replace(RESULT.generator, stopped_s=5.0)
    ),
    "pytest was stopped": replace(RESULT, usage=replace(USED, unwatched_s=9.0)),
    "1 worker died (max_requests": replace(RESULT, usage=replace(USED, workers_alive=1)),
    "2 workers died": replace(RESULT, usage=replace(USED, workers_alive=0)),
    "only 7 of 8 connections": replace(RESULT, connections=Connections(requested=8, opened=7)),
    "it fell behind its rate": replace(RESULT, profile=AT_RATE, series=PILED_UP),
}
"""Results that are not stored, by the beginning of the reason."""
assert RESULT.server is not None
FIT: Mapping[str, BurstResult] = {
    "": RESULT,
    "wrk": WRK,
    "generator-bound": replace(RESULT, generator=replace(RESULT.generator, cpu_share=0.99)),
    # Workers that share connections unevenly do so each time, and requests/s are all the same.
    "unfair": replace(RESULT, connections=replace(RESULT.connections, fairness=0.2)),
    "backlog of 4": replace(RESULT, server=replace(RESULT.server, backlog=4)),
    "holds 4 connections": replace(RESULT, server=replace(RESULT.server, max_connections=4)),
    "closes connections": replace(RESULT, connections=replace(RESULT.connections, reconnects=1000)),
    "backlog overflowed": replace(
        RESULT, connections=replace(RESULT.connections, listen_overflows=5)
    ),
    "sent again": replace(RESULT, connections=replace(RESULT.connections, resent=900)),
    "errors": replace(RESULT, error=100, error_kinds={"reset": 100}),
    "errors in the log": replace(RESULT, usage=replace(USED, log_errors=9)),
    "workers started, and none died": replace(RESULT, usage=replace(USED, processes_started=1)),
}
"""Results that are stored, by what is unusual in it."""
