"""The machine's speed as an agent measures it, beside servers that do different work.

Comparisons take changes of that speed off their figures. That is right if it is the machine's own
speed, and not changed by what a server does. Windows of two kinds of work follow each other in
alternating order, as in a comparison, and should differ in the machine's speed by chance alone. The
table has, too, how much of the differences of requests/s this speed explains.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from dataclasses import dataclass
from math import exp, log, sqrt
from pathlib import Path

from cpu_server import cpu_server
from machine import describe_machine, locked
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.pool import Pool
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from tables import Table, finish, verdict_of

MOST = 0.05
"""The largest difference of the machine's speed that one arm may make."""
CONNECTIONS = 8
WARM_UP_ROUNDS = 5
WINDOW_S = 0.25
TIMEOUT_S = 10.0
PAIRS = (
    ("twice the CPU time", "computes-5", "computes-10"),
    ("20 % more CPU time", "computes-2", "computes-2.4"),
    ("memory instead of CPU", "computes-5", "remembers-5"),
    ("half of the CPU time, and more requests", "computes-2", "computes-1"),
    ("waits instead of CPU", "computes-5", "waits-5"),
)


@dataclass(frozen=True)
class Round:
    """The log ratios of a round, second over first."""

    responses: float
    machine: float


async def measure(address: tuple[str, int], works: tuple[str, str], rounds: int) -> list[Round]:
    """Measure windows of both kinds of work in turn."""
    shape = Shape(CONNECTIONS, duration_s=WINDOW_S, warmup_s=0.0, timeout_s=TIMEOUT_S)
    pools = [
        Pool(Profile("work", SentRequest(f"/{work}"), shape), address, CONNECTIONS)
        for work in works
    ]
    found = []
    try:
        for pool in pools:
            await pool.open(TIMEOUT_S)
        for number in range(WARM_UP_ROUNDS + rounds):
            order = (0, 1) if number % 2 else (1, 0)
            reports = {
                arm: await pools[arm].fire(time.monotonic_ns(), drain_s=TIMEOUT_S) for arm in order
            }
            if number >= WARM_UP_ROUNDS:
                found.append(_round(reports[0], reports[1]))
    finally:
        for pool in pools:
            pool.close()
    return found


def _round(first: AgentReport, second: AgentReport) -> Round:
    assert first.machine_speed is not None
    assert second.machine_speed is not None
    responses = [one.counts.ok - one.counts.after_window for one in (first, second)]
    return Round(log(responses[1] / responses[0]), log(second.machine_speed / first.machine_speed))


def add_row(table: Table, name: str, rounds: list[Round]) -> None:
    """Add what the rounds of a pair show."""
    machine = [one.machine for one in rounds]
    responses = [one.responses for one in rounds]
    mean = statistics.fmean(machine)
    half = 1.96 * statistics.stdev(machine) / sqrt(len(machine))
    slope, _ = statistics.linear_regression(machine, responses)
    left = [y - slope * x for x, y in zip(machine, responses, strict=True)]
    table.add(
        name,
        f"{exp(statistics.fmean(responses)):.2f}",
        f"{exp(mean) - 1:+.1%} ± {half:.1%}",
        f"{statistics.stdev(machine):.1%}",
        f"{statistics.correlation(machine, responses):.2f}",
        f"{statistics.stdev(responses):.1%} → {statistics.stdev(left):.1%}",
        verdict_of(abs(mean) <= MOST),
    )


def main() -> int:
    """Measure all pairs, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=90, metavar="N")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table for the docs")
    arguments = parser.parse_args()
    columns = (
        ("second arm", 40),
        ("its requests/s", 14),
        ("machine's speed", 15),
        ("of rounds", 9),
        ("correlation", 11),
        ("rounds differ by", 16),
        ("at most 5%", 10),
    )
    table = Table("Machine's speed beside two kinds of work, second over first", columns)
    print(describe_machine())
    with locked(), cpu_server() as address:
        for name, first, second in PAIRS:
            add_row(table, name, asyncio.run(measure(address, (first, second), arguments.rounds)))
    return finish([table], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
