"""Real comparisons of two revisions: their verdicts on commits whose cost is known.

On the example's JSON view, under each server, with ``--djworkers-compare`` as a user runs it:

- ``itself``: a commit with itself; none may be ``regressed``;
- ``busy``: the same, beside a process that keeps a core busy on and off;
- ``dearer-20``: a commit whose view takes 20 % more CPU time per request; none may be ``ok``;
- ``dearer-10``: 10 % more, at a tolerance of 5 %; none may be ``ok``;
- ``import``, ``import-20``: a commit with itself, and with 20 % more, in a site whose import takes
  3 s.

The dearer view runs an empty loop. The length that it needs is found first, under each server, from
the CPU time per request with a loop and without, in the rounds of comparisons. The table has the
cost that was reached, as the comparisons themselves measured it.

The commits are made in a temporary folder. Outcomes are kept in a file as they come, and a run goes
on where the last one was stopped. The series take turns, so that all of them see the same changes
of the machine. The exit status is 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from statistics import median

from comparisons import WITHIN_S, compare
from eat_a_core import a_core_eaten
from machine import describe_machine
from outcomes import Results
from pytest_djworkers.units import format_change
from regressions_found import ALL, Series, cpu_ratios, noises, times, verdicts
from revisions import Revision, Revisions
from tables import finish

SERVERS = ("granian", "gunicorn-gevent")
TRIED_S = 0.75e-3
"""The CPU seconds of the trial loop; more than a request costs without it."""
ENOUGH_ROUNDS = 64
ANY_LOSS = "90%"
"""A tolerance at which the trial loop is no regression, so that its rounds end soon."""


def measure(
    revisions: Revisions, results: Results, chosen: Sequence[Series], servers: Sequence[str]
) -> None:
    """Make the comparisons that the results don't have yet."""
    # The number is the outermost loop, so that the series take turns.
    for number in range(1, max(series.times for series in chosen) + 1):
        for server in servers:
            for series in chosen:
                if len(results.of(series.name, server)) < number <= series.times:
                    make(revisions, results, series, server, number)


def make(revisions: Revisions, results: Results, series: Series, server: str, number: int) -> None:
    """Make one comparison, and keep its outcome."""
    if series.share and server not in results.full_loops:
        results.add_loop(server, find_loop(revisions, server))
    base = revisions.check_out(series.revision(results.full_loops.get(server, 0.0)))
    with a_core_eaten(WITHIN_S) if series.is_busy else nullcontext():
        outcome = compare(
            revisions.folder,
            base,
            series=series.name,
            server=server,
            number=number,
            tolerance=f"{series.tolerance:.0%}",
        )
    results.add(outcome)
    print(outcome, flush=True)
    # A comparison must leave nothing behind, in this repository, either.
    if left := revisions.leftovers():
        raise SystemExit(f"left behind in {revisions.folder}: {', '.join(left)}")


def find_loop(revisions: Revisions, server: str) -> float:
    """Return the number of iterations that double the CPU time of a request under this server."""
    # A guess to begin with: iterations in a view cost more than here, and differ between servers.
    tried = round(TRIED_S / iteration_s())
    base = revisions.check_out(Revision(tried))
    ratios: list[float] = []
    while len(ratios) < ENOUGH_ROUNDS:
        outcome = compare(
            revisions.folder, base, series="loop", server=server, number=1, tolerance=ANY_LOSS
        )
        found = list(cpu_ratios([outcome]))
        if not found:
            raise SystemExit(f"the CPU time of a loop can't be measured:\n{outcome}")
        ratios += found
    ratio = median(ratios)
    print(
        f"{server}: a loop of {tried:,} makes a request {format_change(ratio)} dearer", flush=True
    )
    # The trial loop added this share of a request's CPU time; the full loop adds all of it.
    return tried / (ratio - 1)


def iteration_s() -> float:
    """Return the CPU seconds of one iteration, on this machine."""
    iterations = 2_000_000
    began = time.process_time()
    for _ in range(iterations):
        pass
    return (time.process_time() - began) / iterations


@contextmanager
def folder_for(given: Path | None) -> Iterator[Path]:
    """Give the folder for the repository: the given one, or a temporary one."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="regressions-") as name:
        yield Path(name)


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    names = [series.name for series in ALL]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="SERIES,SERIES", help=f"default: {','.join(names)}")
    parser.add_argument("--servers", default=",".join(SERVERS), metavar="NAME,NAME")
    parser.add_argument("--quick", action="store_true", help="one comparison a series, to try")
    parser.add_argument("--tables", action="store_true", help="print tables, measure nothing")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("regressions.jsonl"),
        metavar="FILE",
        help="file of the outcomes; remove it to begin anew (default: regressions.jsonl)",
    )
    parser.add_argument("--folder", type=Path, help="for the repository (default: a temporary one)")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the tables for the docs")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",") if arguments.only else names
    if unknown := set(arguments.only) - set(names):
        parser.error(f"no series {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    arguments.servers = arguments.servers.split(",")
    return arguments


def main() -> int:
    """Make the missing comparisons, and print the tables."""
    arguments = parse_arguments()
    chosen = [series for series in ALL if series.name in arguments.only]
    if arguments.quick:
        chosen = [replace(series, times=1) for series in chosen]
    results = Results(arguments.results)
    # SIGTERM ends a run as Ctrl-C does, so that pytest cleans up and the outcomes stay.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(describe_machine())
    if not arguments.tables:
        try:
            with folder_for(arguments.folder) as folder:
                measure(Revisions(folder / "site"), results, chosen, arguments.servers)
        except KeyboardInterrupt:
            print(f"stopped; the same command goes on from {arguments.results}")
            return 130
    packages = sorted({outcome.package for outcome in results.outcomes})
    print(f"measured with pytest-djworkers at {', '.join(packages)}")
    tables = [
        verdicts(results, chosen, arguments.servers),
        times(results, chosen, arguments.servers),
        noises(results, arguments.servers),
    ]
    return finish(tables, arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
