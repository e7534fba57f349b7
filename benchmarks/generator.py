"""What the built-in generator costs, beside wrk and beside what people pick instead.

Against nginx, one process on a CPU of its own, with the tool on the other CPU, in turn in one run.
Requests are counted by nginx and CPU time (user and system) by the kernel, for every tool alike
and in a window within its run, so that neither start nor end is in it. Ratios are medians over
the pairs of an alternating run. Exit status 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from delays_server import delays_server
from example_site import machine_line
from fast_server import FastServer, fast_server
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Profile, Request, Shape
from pytest_djworkers.system.machine_lock import MachineLock
from speed import Speed, Start, built_in, leaves, measure, pinned
from tables import Bar, Table, at_least, at_most, finish
from tools import candidates, others, wrk

OURS, SERVERS = 0, 1
"""The CPUs: the tool's and the server's."""
FEW, MANY = 64, 2000
CPU_BARS = {FEW: at_most(1.25), MANY: at_most(1.1)}
RATE_BAR = at_least(0.9)
MIB = 1 << 20
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Length:
    """How long it takes."""

    pairs: int = 15
    window_s: float = 2.0
    other_pairs: int = 2
    launches: int = 5
    memory_s: float = 60.0


QUICK = Length(pairs=1, window_s=1.0, other_pairs=1, launches=1, memory_s=12.0)
TEN_MINUTES_S = 600.0
EARLY_S = 10.0


def in_turn(
    server: FastServer, arms: tuple[Start, Start], connections: int, pairs: int, window_s: float
) -> list[tuple[Speed, Speed]] | str:
    """Speeds of both arms, pair by pair; in words where one did not come to it."""
    measured = []
    for pair in range(pairs):
        lock = MachineLock()
        lock.acquire()
        try:
            order = (0, 1) if pair % 2 else (1, 0)
            speeds = {arm: measure(server, arms[arm], connections, window_s) for arm in order}
        finally:
            lock.release()
        own, other = speeds[0], speeds[1]
        if isinstance(own, str):
            return own
        if isinstance(other, str):
            return f"the reference: {other}"
        measured.append((own, other))
    return measured


def middle(
    pairs: list[tuple[Speed, Speed]], figure: Callable[[Speed], float]
) -> tuple[float, float, float]:
    """The medians of both arms' figure and of their ratios."""
    values = [(figure(own), figure(other)) for own, other in pairs]
    return (
        statistics.median(own for own, _ in values),
        statistics.median(other for _, other in values),
        statistics.median(own / other for own, other in values),
    )


def cpu_us(speed: Speed) -> float:
    """CPU microseconds per request."""
    return speed.cpu_us


def rps(speed: Speed) -> float:
    """Requests a second."""
    return speed.rps


def against_wrk(server: FastServer, length: Length) -> Table:
    """The built-in generator against wrk."""
    table = Table(
        "Built-in generator and wrk",
        (
            ("figure", 42),
            ("connections", 11),
            ("built-in", 9),
            ("wrk", 9),
            ("ratio", 6),
            ("bar", 13),
            ("verdict", 7),
        ),
    )
    one, both = {OURS}, {OURS, SERVERS}
    others_share: list[float] = []

    def row(
        name: str, connections: int, figures: tuple[float, float, float], bar: Bar | None = None
    ) -> None:
        own, other, ratio = figures
        form = "{:,.1f}" if own < 1000 else "{:,.0f}"
        cells = (form.format(own), form.format(other), f"{ratio:.2f}")
        judged = (bar.text, bar.verdict(ratio)) if bar else ("", "")
        table.add(name, str(connections), *cells, *judged)

    for connections in (FEW, MANY):
        arms = built_in(1, one), wrk(1, one)
        pairs = in_turn(server, arms, connections, length.pairs, length.window_s)
        if isinstance(pairs, str):
            table.add("one agent, wrk -t1", str(connections), pairs, "", "", "", "MISSED")
            continue
        others_share += [speed.elsewhere for pair in pairs for speed in pair]
        row("CPU µs per request", connections, middle(pairs, cpu_us), CPU_BARS[connections])
        row("requests/s on one core", connections, middle(pairs, rps), RATE_BAR)
    for connections in (FEW, MANY):
        arms = built_in(2, both), wrk(2, both)
        pairs = in_turn(server, arms, connections, length.pairs, length.window_s)
        if isinstance(pairs, str):
            table.add("two agents, wrk -t2", str(connections), pairs, "", "", "", "MISSED")
            continue
        row("CPU µs per request, two agents, wrk -t2", connections, middle(pairs, cpu_us))
        row("requests/s, two agents, wrk -t2", connections, middle(pairs, rps), RATE_BAR)
    if others_share:
        # What disturbs requests/s, and hardly the CPU time.
        share = f"{statistics.median(others_share):.2f}"
        table.add("CPUs used by others meanwhile, of two", "", share, "", "", "", "")
    return table


def edges(length: Length, table: Table) -> None:
    """What comes before and after the window, seen by the server that is fired at."""
    opening, first, last = [], [], []
    shape = Shape(MANY, duration_s=1.0, warmup_s=0.5)
    for _ in range(length.launches):
        lock = MachineLock()
        lock.acquire()
        try:
            with (
                tempfile.TemporaryDirectory(prefix="djworkers-") as folder,
                delays_server("none", 0.0, cpu=SERVERS) as server,
                pinned({OURS}),
            ):
                profile = Profile("edges", Request("/"), shape)
                began_ns = time.monotonic_ns()
                AsyncioGenerator().fire(profile, Target(server.address, Path(folder)))
                ended_ns = time.monotonic_ns()
                record = server.end()
        finally:
            lock.release()
        opening.append((record.accepted_ns[MANY - 1] - record.accepted_ns[0]) / 1e9)
        first.append((record.read_ns[0] - began_ns) / 1e9)
        last.append((ended_ns - record.read_ns[0]) / 1e9 - shape.warmup_s - shape.duration_s)
    for name, figures, bar in (
        ("connections opened", opening, at_most(0.4)),
        ("server ready to first warm-up request", first, at_most(0.5)),
        ("end of the window to the result", last, at_most(0.3)),
    ):
        value = statistics.median(figures)
        most = f"{max(figures):.3f}"
        table.add(name, str(MANY), f"{value:.3f}", most, bar.text, bar.verdict(value))


def memory(server: FastServer, length: Length, table: Table) -> None:
    """An agent's resident memory while it fires at full speed."""
    lock = MachineLock()
    lock.acquire()
    samples: list[tuple[float, int]] = []
    try:
        with built_in(1, {OURS})(server, MANY, length.memory_s):
            began = time.monotonic()
            while server.count()[0] < MANY:
                time.sleep(_LOOK_EVERY_S)
            (agent,) = leaves(server)
            while (at := time.monotonic() - began) < length.memory_s:
                samples.append((at, agent.memory_info().rss))
                time.sleep(_LOOK_EVERY_S)
    finally:
        lock.release()
    early = max(rss for at, rss in samples if at <= EARLY_S) / MIB
    whole = max(rss for _, rss in samples) / MIB
    size, growth = at_most(60, "60 MiB"), at_most(1, "1 MiB")
    name = "an agent's memory, highest"
    table.add(name, str(MANY), f"{whole:.1f} MiB", "", size.text, size.verdict(whole))
    table.add(
        f"... and its growth from {EARLY_S:g} to {length.memory_s:g} s",
        *(str(MANY), f"{whole - early:.2f} MiB", "", growth.text, growth.verdict(whole - early)),
    )


def beside_wrk(
    server: FastServer, title: str, tools: dict[str, Start | None], length: Length
) -> Table:
    """Rows of tools as multiples of wrk -t1, each measured in turn with it."""
    table = Table(
        title,
        (
            ("tool", 34),
            ("connections", 11),
            ("requests/s", 12),
            ("of wrk's", 8),
            ("CPU µs/request", 14),
            ("of wrk's", 8),
        ),
    )
    for connections in (FEW, MANY):
        for name, start in tools.items():
            if start is None:
                table.add(name, str(connections), "not installed", "", "", "")
                continue
            arms = start, wrk(1, {OURS})
            pairs = in_turn(server, arms, connections, length.other_pairs, length.window_s)
            if isinstance(pairs, str):
                table.add(name, str(connections), pairs, "", "", "")
                continue
            rate, _, of_rate = middle(pairs, rps)
            cost, _, of_cost = middle(pairs, cpu_us)
            cells = (f"{rate:,.0f}", f"{of_rate:.2f}", f"{cost:,.1f}", f"{of_cost:.2f}")
            table.add(name, str(connections), *cells)
    return table


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short pair of each, for trying")
    parser.add_argument("--long", action="store_true", help="memory over ten minutes")
    parser.add_argument(
        "--candidates", action="store_true", help="minimal clients instead: ways to write one"
    )
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the tables there as well")
    return parser.parse_args()


def main() -> int:
    """Print the tables."""
    asked = arguments()
    for program in ("nginx", "wrk"):
        if shutil.which(program) is None:
            print(f"{program} is not on PATH")
            return 2
    if len(psutil.Process().cpu_affinity() or []) < 2:
        print("it takes two CPUs, the tool's and the server's")
        return 2
    length = QUICK if asked.quick else Length()
    if asked.long:
        length = replace(length, memory_s=TEN_MINUTES_S)
    print(machine_line())
    one = {OURS}
    with fast_server(SERVERS) as server:
        if asked.candidates:
            ways = {"the built-in generator": built_in(1, one), **candidates(one)}
            tables = [beside_wrk(server, "Ways to write a client, beside wrk -t1", ways, length)]
        else:
            around = Table(
                "Around the window",
                (
                    ("figure", 42),
                    ("connections", 11),
                    ("median", 10),
                    ("worst", 7),
                    ("bar", 15),
                    ("verdict", 7),
                ),
            )
            tables = [against_wrk(server, length), around]
            edges(length, around)
            memory(server, length, around)
            title = "Other tools on one core, beside wrk -t1"
            tables.append(beside_wrk(server, title, others(one), length))
    return finish(tables, asked.rst)


if __name__ == "__main__":
    sys.exit(main())
