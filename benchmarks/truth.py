"""The built-in generator's percentiles, checked against what the server really did.

1. Against a server that draws its delays from a known distribution and records what it did with
   each request. In a closed loop the truth is the time from having read a request to having
   written its response. At a fixed rate it is the time from the planned moment: the n-th request
   read is the n-th of the plan, whichever connection waited in between. Bar: within 2 % or 0.5 ms,
   whichever is more, for p50, p90, p99 and p99.9.
2. Against wrk's raw histogram, in turn, on that server. Bar: within 5 %.
3. At 2000 connections on a fast server. A response's time is taken when poll returns with it; from
   there until its turn comes is the client's own lag. By Little's law the mean time until its turn
   is connections / (requests/s). Bar: the mean lag that follows is not above the reported p99 of
   the lag.

The tool is on one CPU, the server on the other. The exit status is 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from delays_server import MEAN_OVER_MEDIAN, Record, delays_server
from fast_server import PATH, fast_server
from machine import describe_machine, locked
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Generator, Target
from pytest_djworkers.load.histogram import Latency, bucket
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from speed import pinned
from tables import Table, finish, verdict_of

TOOL, SERVER = 0, 1
"""The numbers of the two CPUs."""
WITHIN, WITHIN_S = 0.02, 0.0005
WITHIN_OF_WRK = 0.05
PERCENTILES = (50, 90, 99, 99.9)
# Far below the rate at which a queue would grow, which depends on chance.
OF_HIGHEST_RATE = 0.55
TIMEOUT_S = 60.0
"""Longer than anything, so that every request has its true latency."""


@dataclass(frozen=True)
class Load:
    """A number of connections, and delays at which the server is not the bottleneck."""

    connections: int
    median_s: float
    warmup_s: float
    duration_s: float

    def rate(self, distribution: str) -> float:
        """Return a rate well below the highest, in requests per second."""
        mean_s = self.median_s * MEAN_OVER_MEDIAN[distribution]
        return OF_HIGHEST_RATE * self.connections / mean_s


# The delays grow with the connections, so that the server's one CPU is never the bottleneck. One
# connection needs a longer burst for ten samples beyond its p99.9.
LOADS = (
    Load(1, 0.003, 1.0, 65.0),
    Load(64, 0.03, 1.0, 15.0),
    Load(500, 0.25, 2.0, 15.0),
    Load(2000, 1.0, 5.0, 15.0),
)
QUICK_S = 4.0


def fire(generator: Generator, address: tuple[str, int], path: str, shape: Shape) -> BurstResult:
    """Fire one burst from the tool's CPU."""
    with tempfile.TemporaryDirectory(prefix="djworkers-") as folder, pinned({TOOL}):
        return generator.fire(
            Profile("truth", SentRequest(path), shape), Target(address, Path(folder))
        )


def seconds(nanoseconds: Iterable[int]) -> Latency:
    """Return latencies in the resolution that the generator keeps."""
    return Latency.from_counts(Counter(bucket(value // 1000) for value in nanoseconds))


def what_the_server_did(record: Record, shape: Shape) -> Latency:
    """Return the latencies that the generator should have found in its window."""
    start_ns = record.read_ns[0]
    if shape.rate is None:
        began_ns: Iterable[int] = record.read_ns
    else:
        # No request is read before its planned moment, so the earliest start that any of them
        # allows is the plan's.
        interval_ns = 1e9 / shape.rate
        start_ns = min(read - round(n * interval_ns) for n, read in enumerate(record.read_ns))
        began_ns = (start_ns + round(n * interval_ns) for n in range(len(record.read_ns)))
    # The generator's window begins after the warm-up, and a request counts in the window in which
    # it completed.
    begin_ns = start_ns + round(shape.warmup_s * 1e9)
    end_ns = begin_ns + round(shape.duration_s * 1e9)
    return seconds(
        written - began
        for began, written in zip(began_ns, record.written_ns, strict=True)
        if begin_ns <= written < end_ns
    )


def milliseconds(value: float | None) -> str:
    """Return seconds as milliseconds for the table."""
    return "-" if value is None else f"{value * 1e3:,.2f}"


def against_the_server(quick: bool) -> Table:
    """Return the table of the first check."""
    table = Table(
        "Percentiles in milliseconds, the server's own record / the built-in generator's",
        (
            ("delays", 10),
            ("load", 13),
            ("connections", 11),
            ("requests", 8),
            *((f"p{percent:g}", 21) for percent in PERCENTILES),
            ("furthest", 9),
            ("verdict", 7),
        ),
    )
    for distribution in ("lognormal", "bimodal"):
        for load in LOADS:
            for rate in (None, load.rate(distribution)):
                duration_s = QUICK_S if quick else load.duration_s
                shape = Shape(load.connections, duration_s, TIMEOUT_S, load.warmup_s, rate)
                with locked(), delays_server(distribution, load.median_s, cpu=SERVER) as server:
                    result = fire(AsyncioGenerator(), server.address, "/", shape)
                    truth = what_the_server_did(server.end(), shape)
                assert result.latency is not None
                cells, furthest, held = [], 0.0, True
                for percent in PERCENTILES:
                    did, found = truth.percentile(percent), result.latency.percentile(percent)
                    cells.append(f"{milliseconds(did)} / {milliseconds(found)}")
                    if did is not None and found is not None:
                        # For short delays the machine's own wake-ups are more than 2 %.
                        held = held and abs(found - did) <= max(WITHIN * did, WITHIN_S)
                        furthest = max(furthest, abs(found - did), key=abs)
                table.add(
                    distribution,
                    "closed loop" if rate is None else f"{rate:,.0f}/s",
                    str(load.connections),
                    f"{result.latency.count:,}",
                    *cells,
                    f"{furthest * 1e3:.2f} ms",
                    verdict_of(held and bool(result.ok)),
                )
    return table


def against_wrk(program: str, quick: bool) -> Table:
    """Return the table of the second check: the same server and delays, in turn."""
    load = LOADS[1]
    pairs = 1 if quick else 3
    shape = Shape(load.connections, QUICK_S if quick else load.duration_s, TIMEOUT_S, 0.0)
    arms: tuple[Generator, Generator] = (AsyncioGenerator(), WrkGenerator(program))
    found: tuple[list[Latency], list[Latency]] = ([], [])
    for pair in range(pairs):
        # Which generator is first alternates, so that a drift of the machine falls on both alike.
        for arm in (0, 1) if pair % 2 else (1, 0):
            with locked(), delays_server("lognormal", load.median_s, cpu=SERVER) as server:
                latency = fire(arms[arm], server.address, "/", shape).latency
                assert latency is not None
                found[arm].append(latency)
    table = Table(
        f"wrk's raw histogram, {load.connections} connections, the same server in turn",
        (("percentile", 10), ("built-in ms", 11), ("wrk ms", 11), ("ratio", 6), ("verdict", 7)),
    )
    for percent in PERCENTILES:
        values = [
            (own, other)
            for own, other in zip(
                *([latency.percentile(percent) for latency in arm] for arm in found), strict=True
            )
            if own is not None and other is not None
        ]
        if not values:
            table.add(f"p{percent:g}", "-", "-", "-", "")
            continue
        ratio = statistics.median(own / other for own, other in values)
        table.add(
            f"p{percent:g}",
            milliseconds(statistics.median(own for own, _ in values)),
            milliseconds(statistics.median(other for _, other in values)),
            f"{ratio:.3f}",
            verdict_of(abs(ratio - 1) <= WITHIN_OF_WRK),
        )
    return table


def the_lag(program: str, quick: bool) -> Table:
    """Return the table of the third check: between the two moments is the lag, and nothing else."""
    connections = LOADS[-1].connections
    shape = Shape(connections, QUICK_S if quick else 10.0, 2.0, 1.0)
    table = Table(
        f"{connections} connections on a fast server, milliseconds",
        (
            ("generator", 9),
            ("requests/s", 10),
            ("mean at its turn", 16),
            ("mean latency", 12),
            ("between", 8),
            ("lag p99", 8),
            ("p50", 8),
            ("verdict", 7),
        ),
    )
    with fast_server(SERVER) as server, locked():
        for generator in (AsyncioGenerator(), WrkGenerator(program)):
            result = fire(generator, server.address, PATH, shape)
            assert result.latency is not None
            mean_s = result.latency.mean
            lag_s = result.generator.lag_p99_s
            assert mean_s is not None
            # A connection's next request begins when its response's turn has come.
            turn_s = connections / result.rps
            between_s = turn_s - mean_s
            is_held = lag_s is not None and -WITHIN * turn_s <= between_s <= lag_s
            # wrk doesn't report its lag.
            verdict = "" if lag_s is None else verdict_of(is_held)
            table.add(
                generator.name,
                f"{result.rps:,.0f}",
                *map(milliseconds, (turn_s, mean_s, between_s, lag_s, result.latency.p50)),
                verdict,
            )
    return table


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short bursts, for trying")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the tables there as well")
    return parser.parse_args()


def main() -> int:
    """Print the tables."""
    arguments = parse_arguments()
    program, server = find_wrk(), shutil.which("nginx")
    if program is None or server is None:
        print(f"{'nginx' if program else 'wrk'} is not on PATH")
        return 2
    print(describe_machine())
    tables = [
        against_the_server(arguments.quick),
        against_wrk(program, arguments.quick),
        the_lag(program, arguments.quick),
    ]
    return finish(tables, arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
