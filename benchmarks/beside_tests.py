"""The example's figures beside other tests: under pytest-xdist, and without it, in turn.

One pytest run fires the bursts alone. The other has CPU-bound tests, too, and -n 4. Prints the
requests/s of both, and the time line, which must show no test during a burst. Then the time that a
suite takes with its load tests first, last and mixed, and the cost of the lock for each test.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import keep_records
import time_line
from example_site import EXAMPLE
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.system.machine_lock import NullLock
from pytest_djworkers.system.run_lock import RunLock
from tables import Table, at_most, finish

BACKENDS = "granian,gunicorn-gthread"
FLAGS = ("--djworkers-generator=asyncio", "--djworkers-duration=3s", "--djworkers-warmup=1s")
LOAD_TESTS = "test_json or test_list"
CPU_BOUND = """
import time

import pytest


@pytest.mark.parametrize("number", range({number}))
def test_cpu(number):
    end = time.process_time() + {seconds}
    while time.process_time() < end:
        pass
"""
RUN_AT_MOST_S = 900.0


def run(folder: Path, *arguments: str, order: str = "") -> tuple[float, list[BurstRecord]]:
    """Run pytest on the example; return the seconds that it took, and its bursts."""
    records, line = folder / "records.jsonl", folder / "time-line.jsonl"
    for file in (records, line):
        file.unlink(missing_ok=True)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), str(EXAMPLE))),
        keep_records.FILE_VARIABLE: str(records),
        time_line.FILE_VARIABLE: str(line),
        time_line.ORDER_VARIABLE: order,
    }
    command = [sys.executable, "-m", "pytest", "-p", "keep_records", "-p", "time_line", "-q"]
    began_s = time.monotonic()
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", f"--djworkers={BACKENDS}", *FLAGS, *arguments],
        cwd=EXAMPLE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_AT_MOST_S,
    )
    took_s = time.monotonic() - began_s
    # 1: a limit was missed, which a shared machine may do.
    if done.returncode not in {0, 1}:
        raise SystemExit(done.stdout + done.stderr)
    lines = records.read_text().splitlines()
    return took_s, [BurstRecord.from_dict(json.loads(one)) for one in lines]


def rates(records: list[BurstRecord]) -> dict[str, float]:
    """Return the requests/s of each burst."""
    return {f"{one.backend} {one.result.name}": one.result.rps for one in records}


def print_time_line(file: Path) -> int:
    """Print what ran beside the servers, and how long; return the number of overlaps."""
    stretches = time_line.read(file)
    overlaps = time_line.beside_servers(stretches)
    origin_s = stretches[0].began_s
    print("\nTime line in seconds: servers, and the tests between them")
    before_s = origin_s
    for server in (one for one in stretches if one.kind == "server"):
        tests = sum(one.kind == "test" and before_s <= one.began_s for one in stretches)
        later = sum(one.kind == "test" and server.began_s <= one.began_s for one in stretches)
        print(
            f"  {before_s - origin_s:7.2f} to {server.began_s - origin_s:7.2f}  "
            f"{tests - later} tests began"
        )
        print(
            f"  {server.began_s - origin_s:7.2f} to {server.ended_s - origin_s:7.2f}  "
            f"{server.name} of process {server.pid}"
        )
        before_s = server.ended_s
    tests = sum(one.kind == "test" and before_s <= one.began_s for one in stretches)
    print(f"  {before_s - origin_s:7.2f} to the end  {tests} tests began")
    print(f"  tests or servers of other processes beside a server: {len(overlaps)}")
    return len(overlaps)


def compare_figures(folder: Path, cpu_tests: Path, rounds: int, workers: int) -> Table:
    """Return the table of requests/s alone and beside other tests."""
    alone: list[Mapping[str, float]] = []
    beside: list[Mapping[str, float]] = []
    overlaps = 0
    for _ in range(rounds):
        alone.append(rates(run(folder, "-n0", "-k", LOAD_TESTS, "test_load.py")[1]))
        beside.append(
            rates(
                run(
                    folder,
                    f"-n{workers}",
                    "-k",
                    f"{LOAD_TESTS} or test_cpu",
                    "test_load.py",
                    str(cpu_tests),
                )[1]
            )
        )
        overlaps += print_time_line(folder / "time-line.jsonl")
    table = Table(
        f"Requests/s alone, and beside CPU-bound tests with -n {workers}: medians of {rounds} runs"
        " in turn",
        (("burst", 44), ("alone", 9), ("spread", 8), ("beside", 9), ("ratio", 7)),
    )
    for burst in alone[0]:
        one, other = ([run_[burst] for run_ in runs] for runs in (alone, beside))
        median, spread = statistics.median(one), (max(one) - min(one)) / statistics.median(one)
        table.add(
            burst,
            f"{median:,.0f}",
            f"{spread:.0%}",
            f"{statistics.median(other):,.0f}",
            f"{statistics.median(other) / median:.2f}",
        )
    bar = at_most(0)
    table.add("tests during a burst", "", "", f"{overlaps}", bar.verdict(overlaps))
    return table


def compare_orders(folder: Path, cpu_tests: Path, rounds: int, workers: int) -> Table:
    """Return the table of the time that the suite takes in three orders, in turn."""
    orders = ("last", "first", "mixed")
    took: dict[str, list[float]] = {order: [] for order in orders}
    for _ in range(rounds):
        for order in orders:
            took[order].append(
                run(
                    folder,
                    f"-n{workers}",
                    "-k",
                    f"{LOAD_TESTS} or test_cpu",
                    str(cpu_tests),
                    "test_load.py",
                    order=order,
                )[0]
            )
    table = Table(
        f"Time of a suite with -n {workers} by the place of its load tests",
        (("load tests", 12), ("median", 8), ("shortest", 9), ("longest", 8), ("ratio", 6)),
    )
    last = statistics.median(took["last"])
    for order, times in took.items():
        median = statistics.median(times)
        table.add(
            order,
            f"{median:.1f} s",
            f"{min(times):.1f} s",
            f"{max(times):.1f} s",
            f"{median / last:.2f}",
        )
    return table


def cost_of_lock(folder: Path) -> Table:
    """Return the table of the time that the lock takes for a test while nobody measures."""
    lock, number = RunLock(folder, "gw0", NullLock()), 20_000
    samples = []
    for _ in range(5):
        began_s = time.process_time()
        for _ in range(number):
            with lock.shared("tests/test_site.py::test_page[granian]"):
                pass
        samples.append((time.process_time() - began_s) / number)
    lock.close()
    table = Table("The lock of a run without bursts", (("cost", 30), ("median", 10), ("bar", 12)))
    median = statistics.median(samples)
    # pytest itself takes about a millisecond for a test that does nothing.
    table.add(
        "CPU time per test", f"{median * 1e6:.1f} us", at_most(100e-6, "100 us").verdict(median)
    )
    return table


def main() -> int:
    """Print the tables; return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tests", type=int, default=200, help="the number of CPU-bound tests")
    parser.add_argument("--seconds", type=float, default=0.1, help="the CPU time of each")
    parser.add_argument("--workers", type=int, default=4, help="the workers of pytest-xdist")
    parser.add_argument("--rst", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="djworkers-") as name:
        folder = Path(name)
        cpu_tests = folder / "test_cpu.py"
        cpu_tests.write_text(CPU_BOUND.format(number=options.tests, seconds=options.seconds))
        tables = [
            cost_of_lock(folder),
            compare_figures(folder, cpu_tests, options.rounds, options.workers),
            compare_orders(folder, cpu_tests, options.rounds, options.workers),
        ]
    return finish(tables, options.rst)


if __name__ == "__main__":
    raise SystemExit(main())
