"""Remarks on a burst: short texts for what a reader must know before believing its figures."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_djworkers.legend import Remark, Sign
from pytest_djworkers.load.facts import Connections, ServerFacts, Usage
from pytest_djworkers.units import counted, format_duration

MANY_RESENT = 0.01
"""The share of the requests that may be sent again without a remark."""


def on_connections(connections: Connections, *, requests: int) -> Iterator[Remark]:
    """Yield what happened to the connections of a burst with this number of judged requests."""
    resent = connections.resent or 0
    if resent > MANY_RESENT * requests:
        yield Remark(Sign.SENT_AGAIN, f"{counted(resent, 'request')} sent again")
    if connections.listen_overflows:
        yield Remark(Sign.OVERFLOWED)


def on_opening(connections: Connections) -> Iterator[Remark]:
    """Yield the number of open connections if it is smaller than the number requested."""
    opened = connections.opened
    if opened is not None and opened < connections.requested:
        yield Remark(Sign.OPENED, f"opened {opened:,} connections")


def on_server_limits(server: ServerFacts, connections: int) -> Iterator[Remark]:
    """Yield the server's limits that are below the number of connections of the burst."""
    if server.backlog is not None and server.backlog < connections:
        yield Remark(Sign.BACKLOG, f"backlog of {server.backlog:,}")
    if server.max_connections is not None and server.max_connections < connections:
        yield Remark(Sign.HOLDS, f"holds {server.max_connections:,} connections")


def on_usage(usage: Usage) -> Iterator[Remark]:
    """Yield what happened to the server's workers, and for how long nobody looked at them."""
    died = usage.workers - usage.workers_alive
    if died:
        yield Remark(
            Sign.WORKERS_DIED,
            f"{counted(died, 'worker')} died, {usage.processes_started} started",
        )
    if usage.was_unwatched:
        yield Remark(Sign.UNWATCHED, f"server not watched for {format_duration(usage.unwatched_s)}")
