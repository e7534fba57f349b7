"""The cost of the built-in generator, beside wrk and beside other tools that people use.

The server is nginx, one process on a CPU of its own; the tool has the other CPU. The tools take
turns in one run. nginx counts the requests and the kernel the CPU time (user and system), for every
tool alike, in a window within the tool's run, so that neither its start nor its end counts. Ratios
are medians over pairs. The exit status is 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from around_window import add_edges, add_memory, around_table
from fast_server import FastServer, fast_server
from machine import describe_machine, locked
from speed import Speed, Start, built_in, measure
from tables import MISSED, Bar, Table, at_least, at_most, finish
from tools import candidates, others, wrk

TOOL, SERVER = 0, 1
"""The numbers of the two CPUs."""
FEW, MANY = 64, 2000
CPU_BARS = {FEW: at_most(1.25), MANY: at_most(1.1)}
RATE_BAR = at_least(0.9)
TEN_MINUTES_S = 600.0


@dataclass(frozen=True)
class Length:
    """The numbers that decide how long the benchmark takes."""

    pairs: int = 15
    window_s: float = 2.0
    other_pairs: int = 2
    launches: int = 5
    memory_s: float = 60.0


QUICK = Length(pairs=1, window_s=1.0, other_pairs=1, launches=1, memory_s=12.0)


@dataclass(frozen=True)
class Setup:
    """The built-in generator and wrk with the same number of processes, and the rows' names."""

    agents: int
    cpus: frozenset[int]
    name: str
    cpu_row: str
    rate_row: str
    cpu_bars: Mapping[int, Bar] = field(default_factory=dict)


SETUPS = (
    Setup(
        1,
        frozenset({TOOL}),
        "one agent, wrk -t1",
        "CPU µs per request",
        "requests/s on one core",
        CPU_BARS,
    ),
    Setup(
        2,
        frozenset({TOOL, SERVER}),
        "two agents, wrk -t2",
        "CPU µs per request, two agents, wrk -t2",
        "requests/s, two agents, wrk -t2",
    ),
)


def measure_in_turn(
    server: FastServer, arms: tuple[Start, Start], connections: int, pairs: int, window_s: float
) -> list[tuple[Speed, Speed]] | str:
    """Return the speeds of both arms, pair by pair, or a reason if one can't be measured."""
    measured = []
    for pair in range(pairs):
        # Which arm is first alternates, so that a drift of the machine falls on both alike.
        order = (0, 1) if pair % 2 else (1, 0)
        with locked():
            speeds = {arm: measure(server, arms[arm], connections, window_s) for arm in order}
        own, other = speeds[0], speeds[1]
        if isinstance(own, str):
            return own
        if isinstance(other, str):
            return f"the reference: {other}"
        measured.append((own, other))
    return measured


def medians(
    pairs: Sequence[tuple[Speed, Speed]], figure: Callable[[Speed], float]
) -> tuple[float, float, float]:
    """Return the median of each arm's figure, and that of the pairs' ratios."""
    values = [(figure(own), figure(other)) for own, other in pairs]
    return (
        statistics.median(own for own, _ in values),
        statistics.median(other for _, other in values),
        statistics.median(own / other for own, other in values),
    )


def cpu_us(speed: Speed) -> float:
    """Return the CPU microseconds per request."""
    return speed.cpu_us


def rps(speed: Speed) -> float:
    """Return the requests per second."""
    return speed.rps


def against_wrk(server: FastServer, length: Length) -> Table:
    """Return the table of the built-in generator and wrk."""
    columns = (
        ("figure", 42),
        ("connections", 11),
        ("built-in", 9),
        ("wrk", 9),
        ("ratio", 6),
        ("bar", 13),
        ("verdict", 7),
    )
    table = Table("Built-in generator and wrk", columns)
    used_by_others: list[float] = []
    for setup in SETUPS:
        for connections in (FEW, MANY):
            cpus = set(setup.cpus)
            arms = built_in(setup.agents, cpus), wrk(setup.agents, cpus)
            pairs = measure_in_turn(server, arms, connections, length.pairs, length.window_s)
            if isinstance(pairs, str):
                table.add(setup.name, str(connections), pairs, "", "", "", MISSED)
                continue
            if setup.agents == 1:
                used_by_others += [speed.elsewhere for pair in pairs for speed in pair]
            cpu_bar = setup.cpu_bars.get(connections)
            _add_row(table, setup.cpu_row, connections, medians(pairs, cpu_us), cpu_bar)
            _add_row(table, setup.rate_row, connections, medians(pairs, rps), RATE_BAR)
    if used_by_others:
        # Other processes lower the requests/s, and hardly change the CPU time per request.
        share = f"{statistics.median(used_by_others):.2f}"
        table.add("CPUs used by others meanwhile, of two", "", share, "", "", "", "")
    return table


def _add_row(
    table: Table,
    name: str,
    connections: int,
    figures: tuple[float, float, float],
    bar: Bar | None,
) -> None:
    own, other, ratio = figures
    form = "{:,.1f}" if own < 1000 else "{:,.0f}"
    cells = (form.format(own), form.format(other), f"{ratio:.2f}")
    judged = (bar.text, bar.verdict(ratio)) if bar else ("", "")
    table.add(name, str(connections), *cells, *judged)


def beside_wrk(
    server: FastServer, title: str, tools: Mapping[str, Start | None], length: Length
) -> Table:
    """Return a table of tools as multiples of wrk -t1, each measured in turn with it."""
    columns = (
        ("tool", 34),
        ("connections", 11),
        ("requests/s", 12),
        ("of wrk's", 8),
        ("CPU µs/request", 14),
        ("of wrk's", 8),
    )
    table = Table(title, columns)
    for connections in (FEW, MANY):
        for name, start in tools.items():
            if start is None:
                table.add(name, str(connections), "not installed", "", "", "")
                continue
            arms = start, wrk(1, {TOOL})
            pairs = measure_in_turn(server, arms, connections, length.other_pairs, length.window_s)
            if isinstance(pairs, str):
                table.add(name, str(connections), pairs, "", "", "")
                continue
            rate, _, of_rate = medians(pairs, rps)
            cost, _, of_cost = medians(pairs, cpu_us)
            cells = (f"{rate:,.0f}", f"{of_rate:.2f}", f"{cost:,.1f}", f"{of_cost:.2f}")
            table.add(name, str(connections), *cells)
    return table


def measured_tables(server: FastServer, length: Length) -> list[Table]:
    """Return the tables of the built-in generator, and of other tools."""
    tables = [against_wrk(server, length), around_table()]
    add_edges(
        tables[1],
        connections=MANY,
        launches=length.launches,
        tool_cpu=TOOL,
        server_cpu=SERVER,
    )
    add_memory(tables[1], server, connections=MANY, seconds=length.memory_s, tool_cpu=TOOL)
    title = "Other tools on one core, beside wrk -t1"
    return [*tables, beside_wrk(server, title, others({TOOL}), length)]


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short pair of each, for trying")
    parser.add_argument("--long", action="store_true", help="measure memory for ten minutes")
    parser.add_argument(
        "--candidates",
        action="store_true",
        help="measure minimal clients instead: other ways to write a generator",
    )
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the tables there as well")
    return parser.parse_args()


def main() -> int:
    """Print the tables."""
    arguments = parse_arguments()
    for program in ("nginx", "wrk"):
        if shutil.which(program) is None:
            print(f"{program} is not on PATH")
            return 2
    if len(psutil.Process().cpu_affinity() or []) < 2:
        print("two CPUs are needed, one for the tool and one for the server")
        return 2
    # Ratios of single pairs range widely, so --quick only shows that everything runs.
    length = QUICK if arguments.quick else Length()
    if arguments.long:
        length = replace(length, memory_s=TEN_MINUTES_S)
    print(describe_machine())
    with fast_server(SERVER) as server:
        if arguments.candidates:
            # The built-in generator is in the table, too, measured in the same run.
            ways = {"the built-in generator": built_in(1, {TOOL}), **candidates({TOOL})}
            tables = [beside_wrk(server, "Ways to write a client, beside wrk -t1", ways, length)]
        else:
            tables = measured_tables(server, length)
    return finish(tables, arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
