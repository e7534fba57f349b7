"""The order of endpoints does not matter, because every burst has a freshly launched server.

For every synchronous backend this measures the requests/s of the example's JSON view three times:
alone, right after a burst on the view that sleeps for a second, and right after such a burst on the
*same* server, as tools do that never restart the server. With a fresh server the figure must be
within a factor of two of the figure alone; the exit status is 1 if it isn't. The last column shows
what would have been reported without a fresh server.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from example_site import Bench, example_bench
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import BUILT_IN
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.machine_lock import MachineLock
from pytest_djworkers.units import format_rate
from tables import Table, between, finish

TIMES = 3
SHAPE = Shape(connections=200, duration_s=2.0, timeout_s=2.0, warmup_s=0.5)
FAST, SLOW = "/myapp/sync/json", "/myapp/sync/gateway_1s"
# Only the synchronous ones: a coroutine that sleeps holds no thread.
SYNC = (
    "gunicorn-sync",
    "gunicorn-gthread",
    "gunicorn-gevent",
    "granian",
    "granian:blocking-threads=1",
    "uwsgi",
    "waitress",
    "cheroot",
    "runserver",
)
WITHIN_A_FACTOR_OF_2 = between(0.5, 2)


def on_one_server(bench: Bench, backend: Backend, paths: Sequence[str]) -> list[BurstResult]:
    """Fire bursts at one server, one after the other."""
    server = Server(backend, bench.spec, MachineLock())
    try:
        server.launch(BurstNeeds(SHAPE.connections, SentRequest(FAST)))
        return [
            AsyncioGenerator().fire(Profile(path, SentRequest(path), SHAPE), server.target)
            for path in paths
        ]
    finally:
        server.stop()


def median_rps(bursts: Sequence[Sequence[BurstResult]]) -> float:
    """Return the median requests/s of the last burst of each series."""
    return statistics.median(results[-1].rps for results in bursts)


def compare(bench: Bench, spec: str, table: Table) -> None:
    """Add a backend's row."""
    backend = BUILT_IN.find_installed(spec)
    alone, after, without = [], [], []
    for _ in range(TIMES):
        alone.append([bench.burst(backend, AsyncioGenerator(), FAST, SHAPE)])
        after.append(
            [bench.burst(backend, AsyncioGenerator(), path, SHAPE) for path in (SLOW, FAST)]
        )
        # Its second burst comes right after the slow one, while requests are still in the server.
        without.append(on_one_server(bench, backend, (SLOW, FAST)))
    rps = [median_rps(bursts) for bursts in (alone, after, without)]
    ratio = rps[1] / rps[0]
    table.add(
        spec,
        *map(format_rate, rps),
        f"{ratio:.2f}",
        WITHIN_A_FACTOR_OF_2.text,
        WITHIN_A_FACTOR_OF_2.verdict(ratio),
        f"{rps[2] / rps[0]:.2f}",
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backends", default=",".join(SYNC), metavar="NAME,NAME")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table for the docs")
    arguments = parser.parse_args()
    table = Table(
        f"Requests/s of {FAST}, medians of {TIMES} bursts of {SHAPE.connections} connections",
        [
            ("backend", 26),
            ("alone", 8),
            ("after the slow view", 19),
            ("without relaunch", 16),
            ("ratio", 5),
            ("bar", 8),
            ("verdict", 7),
            ("ratio without relaunch", 22),
        ],
    )
    with example_bench() as bench:
        for spec in arguments.backends.split(","):
            compare(bench, spec, table)
    return finish([table], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
