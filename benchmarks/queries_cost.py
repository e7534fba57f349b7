"""The cost of counting queries before a burst: requests/s and CPU time with and without it.

Bursts with sample requests and without take turns, each at a freshly launched server of the
example, in an order that changes from round to round. Prints the median of the ratios of each
round's pair, with counting to without, their range, and the time that the samples took.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from example_site import EXAMPLE, Bench, example_bench
from machine import describe_machine, locked
from pytest_djworkers.backends.registry import BUILT_IN
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sample_requests import sample_queries
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.cpu_time import cpu_time_between
from pytest_djworkers.system.machine_lock import NullLock
from pytest_djworkers.units import format_duration
from tables import Table

COLUMNS = (
    ("backend", 17),
    ("endpoint", 22),
    ("requests/s", 22),
    ("CPU per request", 22),
    ("samples", 7),
)
PATHS = ("/myapp/sync/json", "/myapp/sync/json_query")
SHAPE = Shape(connections=64, duration_s=3.0, warmup_s=0.5)


@dataclass(frozen=True, slots=True)
class Measured:
    """A burst's figures; times are in seconds."""

    rps: float
    cpu_per_request_s: float
    samples_s: float
    """The time that the samples before the burst took."""


def measure(bench: Bench, backend: str, path: str, *, counts: bool) -> Measured:
    """Fire one burst, and return its figures."""
    profile = Profile(path, SentRequest(path), SHAPE)
    needs = BurstNeeds.of_burst(profile, SHAPE.connections, probe_path=None)
    spec = replace(bench.spec, counts_queries=counts)
    server = Server(BUILT_IN.find(backend), spec, NullLock())
    try:
        server.launch(needs)
        began_s, samples_s = CLOCK.monotonic(), 0.0
        if counts:
            found = sample_queries(server, profile, needs, roots=(EXAMPLE,), needed=False)
            assert found[path].figures is not None, found
            samples_s = CLOCK.monotonic() - began_s
        before = server.cpu_used()
        result = AsyncioGenerator().fire(profile, server.target)
        after = server.cpu_used()
        assert before is not None
        assert after is not None
        assert result.sent
        # Of the warm-up, too, which both arms have.
        return Measured(result.rps, cpu_time_between(before, after) / result.sent, samples_s)
    finally:
        server.stop()


def compare(table: Table, bench: Bench, backend: str, path: str, rounds: int) -> None:
    """Add the ratios of one backend and path."""
    pairs = []
    for number in range(rounds):
        figures = {}
        for counts in (False, True) if number % 2 else (True, False):
            figures[counts] = measure(bench, backend, path, counts=counts)
        pairs.append((figures[True], figures[False]))
    speeds = in_words([one.rps / other.rps for one, other in pairs])
    costs = in_words([one.cpu_per_request_s / other.cpu_per_request_s for one, other in pairs])
    samples_s = statistics.median(one.samples_s for one, _ in pairs)
    table.add(backend, path, speeds, costs, format_duration(samples_s))


def in_words(ratios: Sequence[float]) -> str:
    """Return the median of ratios, and their range."""
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--backends", default="granian,gunicorn-gthread")
    arguments = parser.parse_args()
    print(describe_machine())
    table = Table("With the queries of samples counted, in ratio to without", COLUMNS)
    with locked(), example_bench() as bench:
        for backend in arguments.backends.split(","):
            for path in PATHS:
                compare(table, bench, backend, path, arguments.rounds)


if __name__ == "__main__":
    main()
