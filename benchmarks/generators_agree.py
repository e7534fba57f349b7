"""The built-in generator and wrk, on the example's JSON view, in turn in one run.

At 64 connections under granian the two must agree within 15 % in requests/s and p50. These are
medians of 15 bursts each, since medians of five differed by 6 to 32 %. The exit status is 1 if they
don't agree. The other rows show the differences that the documentation explains.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from example_site import Bench, example_bench
from machine import describe_machine
from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.gunicorn_gevent import GunicornGevent
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Generator
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from pytest_djworkers.units import format_duration
from tables import Table, finish, verdict_of

JUDGED_PAIRS = 15
PAIRS = 5
WITHIN = 0.15
MUST_AGREE = ("granian", 64)
PATH = "/myapp/sync/json"
ROWS: Sequence[tuple[Backend, int]] = (
    (Granian(), 64),
    (Granian(), 2000),
    (GunicornGevent(), 64),
    (GunicornGevent(), 2000),
)


def p50(result: BurstResult) -> float:
    """Return the median latency in seconds; NaN if there is none."""
    value = result.latency.p50 if result.latency else None
    return float("nan") if value is None else value


def median(results: Sequence[BurstResult], figure: Callable[[BurstResult], float]) -> float:
    """Return the median of a figure of several bursts."""
    return statistics.median(map(figure, results))


def compare(bench: Bench, program: str, backend: Backend, connections: int, table: Table) -> None:
    """Add a row: medians of the bursts of each generator, and their ratio."""
    # The ratio of medians, not the median of the pairs' ratios: the kernel splits the connections
    # over the workers anew for each burst, and that split decides a burst's p50 more than the
    # minute in which it is measured.
    shape = Shape(connections=connections, duration_s=5.0, timeout_s=2.0, warmup_s=1.0)
    ours: list[BurstResult] = []
    theirs: list[BurstResult] = []
    is_judged = (backend.about.name, connections) == MUST_AGREE
    pairs = JUDGED_PAIRS if is_judged else PAIRS
    for pair in range(pairs):
        order: list[tuple[Generator, list[BurstResult]]]
        order = [(AsyncioGenerator(), ours), (WrkGenerator(program), theirs)]
        # Which generator is first alternates, so that a drift of the machine falls on both alike.
        for generator, results in order if pair % 2 else reversed(order):
            results.append(bench.burst(backend, generator, PATH, shape))
    rps = median(ours, lambda result: result.rps) / median(theirs, lambda result: result.rps)
    latency = median(ours, p50) / median(theirs, p50)
    agree = max(abs(rps - 1), abs(latency - 1)) <= WITHIN
    cells = [backend.about.name, str(connections), str(pairs)]
    for results in (ours, theirs):
        cells += [
            f"{median(results, lambda result: result.rps):,.0f}",
            format_duration(median(results, p50)),
            str(sum(bool(result.starved) for result in results)),
            str(sum(result.generator_bound for result in results)),
        ]
    verdict = verdict_of(agree) if is_judged else ""
    table.add(*cells, f"{rps:.2f}", f"{latency:.2f}", verdict)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table for the docs")
    arguments = parser.parse_args()
    program = find_wrk()
    if program is None:
        print("wrk is not on PATH")
        return 2
    print(describe_machine())
    table = Table(
        "Medians of so many bursts each; starved and generator-bound are counts of them",
        [
            ("backend", 16),
            ("conn.", 5),
            ("bursts", 6),
            *[("requests/s", 10), ("p50", 7), ("starved", 7), ("gen.-bound", 10)],
            *[("wrk requests/s", 14), ("p50", 7), ("starved", 7), ("gen.-bound", 10)],
            ("ratio", 5),
            ("p50 ratio", 9),
            ("", 6),
        ],
    )
    with example_bench() as bench:
        for backend, connections in ROWS:
            compare(bench, program, backend, connections, table)
    return finish([table], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
