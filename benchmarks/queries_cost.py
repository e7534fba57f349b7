"""The cost of counting queries before a burst: requests/s in the window with and without it.

Bursts with sample requests and without take turns, each at a freshly launched server of the
example, in an order that changes from round to round. Prints the ratio of each round's pair, their
median, and the time that the samples took.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace

from example_site import EXAMPLE, Bench, example_bench
from machine import locked
from pytest_djworkers.backends.registry import BUILT_IN
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sample_requests import sample_queries
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.machine_lock import NullLock

PATHS = ("/myapp/sync/json", "/myapp/sync/json_query")
SHAPE = Shape(connections=64, duration_s=3.0, warmup_s=0.5)


def measure(bench: Bench, backend: str, path: str, *, counts: bool) -> tuple[float, float]:
    """Return the requests/s of a burst, and the seconds that the samples before it took."""
    profile = Profile(path, SentRequest(path), SHAPE)
    needs = BurstNeeds.of_burst(profile, SHAPE.connections, probe_path=None)
    spec = replace(bench.spec, counts_queries=counts)
    server = Server(BUILT_IN.find(backend), spec, NullLock())
    try:
        server.launch(needs)
        began_s, took_s = CLOCK.monotonic(), 0.0
        if counts:
            found = sample_queries(server, profile, needs, roots=(EXAMPLE,), needed=False)
            assert found[path].figures is not None, found
            took_s = CLOCK.monotonic() - began_s
        result = AsyncioGenerator().fire(profile, server.target)
        return result.rps, took_s
    finally:
        server.stop()


def compare(bench: Bench, backend: str, path: str, rounds: int) -> None:
    """Print the ratios of one backend and path."""
    ratios, took = [], []
    for number in range(rounds):
        figures: dict[bool, float] = {}
        for counts in (False, True) if number % 2 else (True, False):
            figures[counts], took_s = measure(bench, backend, path, counts=counts)
            took += [took_s] if counts else []
        ratios.append(figures[True] / figures[False])
    median, spread = statistics.median(ratios), f"{min(ratios):.3f} to {max(ratios):.3f}"
    samples_ms = statistics.median(took) * 1000
    print(
        f"{backend:17} {path:20} with/without {median:.3f} ({spread}), samples {samples_ms:.0f} ms",
        flush=True,
    )


def main() -> None:
    """Print a line for each backend and path."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--backends", default="granian,gunicorn-gthread")
    arguments = parser.parse_args()
    with locked(), example_bench() as bench:
        for backend in arguments.backends.split(","):
            for path in PATHS:
                compare(bench, backend, path, arguments.rounds)


if __name__ == "__main__":
    main()
