"""The built-in generator against wrk, on the example's JSON view, in turn in one run.

At 64 connections under granian the two must agree within 15 % in requests/s and p50, medians of
five pairs; exit status 1 if they don't. The other rows show what differs, and are explained in
the documentation.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

from example_site import Bench, example_bench, machine_line
from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.gunicorn_gevent import GunicornGevent
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.load.agents import AsyncioGenerator
from pytest_djworkers.load.generator import Generator
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from pytest_djworkers.units import format_duration

PAIRS = 5
WITHIN = 0.15
PATH = "/myapp/sync/json"
ROWS: Sequence[tuple[Backend, int]] = (
    (Granian(), 64),
    (Granian(), 2000),
    (GunicornGevent(), 64),
    (GunicornGevent(), 2000),
)


def p50(result: BurstResult) -> float:
    """The median latency in seconds; not a number where there is none."""
    value = result.latency.p50 if result.latency else None
    return float("nan") if value is None else value


def compare(bench: Bench, program: str, backend: Backend, connections: int) -> tuple[float, float]:
    """Print a row; the medians of the ratios of requests/s and of p50, built-in over wrk."""
    shape = Shape(connections=connections, duration_s=5.0, timeout_s=2.0, warmup_s=1.0)
    ours: list[BurstResult] = []
    theirs: list[BurstResult] = []
    for pair in range(PAIRS):
        order: list[tuple[Generator, list[BurstResult]]]
        order = [(AsyncioGenerator(), ours), (WrkGenerator(program), theirs)]
        for generator, results in order if pair % 2 else reversed(order):
            results.append(bench.burst(backend, generator, PATH, shape))
    pairs = list(zip(ours, theirs, strict=True))
    rps = statistics.median(own.rps / other.rps for own, other in pairs)
    latency = statistics.median(p50(own) / p50(other) for own, other in pairs)
    own, other = (
        (
            statistics.median(result.rps for result in results),
            format_duration(statistics.median(map(p50, results))),
            f"{sum(bool(result.starved) for result in results)}/{PAIRS}",
            f"{sum(result.generator_bound for result in results)}/{PAIRS}",
        )
        for results in (ours, theirs)
    )
    print(
        f"{backend.about.name:<16} {connections:>5}   {own[0]:>8,.0f} {other[0]:>8,.0f} {rps:>6.2f}"
        f"   {own[1]:>8} {other[1]:>8} {latency:>6.2f}   {own[2]:>4} {other[2]:>4}"
        f"   {own[3]:>4} {other[3]:>4}",
        flush=True,
    )
    return rps, latency


def main() -> int:
    """Print the table."""
    program = find_wrk()
    if program is None:
        print("wrk is not on PATH")
        return 2
    print(machine_line())
    print(
        f"{'backend':<16} {'conn.':>5}   {'rps':>8} {'wrk rps':>8} {'ratio':>6}"
        f"   {'p50':>8} {'wrk p50':>8} {'ratio':>6}   starved   gen.-bound"
    )
    with example_bench() as bench:
        ratios = [compare(bench, program, *row) for row in ROWS]
    agree = all(abs(ratio - 1) <= WITHIN for ratio in ratios[0])
    print(f"granian at 64 connections, within {WITHIN:.0%}: {'held' if agree else 'MISSED'}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
