"""A thousand launches in a row, each with a good reply, without one failure.

Over all backends in turn, on one reserved port, as a run does it. Prints how many failed, with
what they said, and how long a launch took; exit status 1 if one failed.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from example_site import example_bench, machine_line
from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.errors import DjworkersError
from pytest_djworkers.load.profile import Request
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.machine_lock import MachineLock
from pytest_djworkers.units import format_duration

CONNECTIONS = 2000
PATH = "/myapp/sync/json"


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--launches", type=int, default=1000, metavar="N")
    parser.add_argument("--backends", default=",".join(BACKENDS), metavar="NAME,NAME")
    arguments = parser.parse_args()
    backends = [BACKENDS[name] for name in arguments.backends.split(",")]
    took: dict[str, list[float]] = {backend.about.name: [] for backend in backends}
    failures = 0
    print(machine_line())
    with example_bench() as bench:
        for number in range(arguments.launches):
            backend = backends[number % len(backends)]
            server = Server(backend, bench.spec, MachineLock())
            try:
                server.launch(BurstNeeds(CONNECTIONS, Request(PATH)))
                assert server.facts is not None
                took[backend.about.name].append(server.facts.launch_s)
            except DjworkersError as error:
                failures += 1
                print(f"launch {number + 1}: {error}", flush=True)
            finally:
                server.stop()
    for name, times in took.items():
        if times:
            median, worst = statistics.median(times), max(times)
            print(
                f"{name:<18} {len(times):>5} launches, median {format_duration(median)},"
                f" worst {format_duration(worst)}"
            )
    print(f"{failures} of {arguments.launches} launches failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
