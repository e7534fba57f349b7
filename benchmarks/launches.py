"""A thousand launches in a row, each with a good reply, without one failure.

All backends take turns on one reserved port, as in a run. Prints each failure, and for each
backend how long a launch took. The exit status is 1 if a launch failed.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from example_site import Bench, example_bench
from machine import describe_machine
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.errors import DjworkersError
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.machine_lock import MachineLock
from pytest_djworkers.units import format_duration
from tables import Table

CONNECTIONS = 2000
PATH = "/myapp/sync/json"


def launch(bench: Bench, backend: Backend) -> float:
    """Launch and stop a server; return the seconds that the launch took.

    Raises DjworkersError if the launch failed.
    """
    server = Server(backend, bench.spec, MachineLock())
    try:
        server.launch(BurstNeeds(CONNECTIONS, SentRequest(PATH)))
        assert server.facts is not None
        return server.facts.launch_s
    finally:
        server.stop()


def main() -> int:
    """Launch, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--launches", type=int, default=1000, metavar="N")
    parser.add_argument("--backends", default=",".join(BACKENDS), metavar="NAME,NAME")
    arguments = parser.parse_args()
    backends = [BACKENDS[name] for name in arguments.backends.split(",")]
    launches_s: dict[str, list[float]] = {backend.about.name: [] for backend in backends}
    failures = 0
    print(describe_machine())
    with example_bench() as bench:
        for number in range(arguments.launches):
            # In turn, so that each launch follows one of another server on the same port.
            backend = backends[number % len(backends)]
            try:
                launches_s[backend.about.name].append(launch(bench, backend))
            except DjworkersError as error:
                failures += 1
                print(f"launch {number + 1}: {error}", flush=True)
    columns = (("backend", 18), ("launches", 8), ("median", 7), ("worst", 7))
    table = Table(f"{failures} of {arguments.launches} launches failed", columns)
    for name, times_s in launches_s.items():
        if times_s:
            median, worst = statistics.median(times_s), max(times_s)
            table.add(name, str(len(times_s)), format_duration(median), format_duration(worst))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
