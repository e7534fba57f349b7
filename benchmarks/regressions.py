"""The comparison of two revisions for real: what it says of commits whose cost is known.

On the example's JSON view, under each server, with ``--djworkers-compare`` as a user runs it:

- ``itself``: a commit with itself; none may be ``regressed``;
- ``busy``: the same, beside a process that eats a core on and off;
- ``dearer-20``: with a commit whose view makes a request cost 20 % more CPU time; none may be
  ``ok``;
- ``dearer-10``: 10 % more, at a tolerance of 5 %; the same;
- ``import``, ``import-20``: with itself, and with 20 % more, where importing the site takes 3 s.

The dearer view runs an empty loop. How long it must be is found first, under each server: CPU time
per request with a loop and without, in the rounds of comparisons. What was reached is in the table,
as the comparisons themselves measured it.

The commits are made in a temporary folder. Outcomes are kept in a file as they come, and a run goes
on where the last one was stopped. The series take turns, so that all see the same of the machine's
moods. Exit status 1 if a bar is missed.
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
from example_site import machine_line
from outcomes import Results
from pytest_djworkers.units import format_change
from regressions_found import ALL, Series, cpu_ratios, noises, times, verdicts
from revisions import Revision, Revisions
from tables import finish

SERVERS = ("granian", "gunicorn-gevent")
TRIED_S = 0.75e-3
"""What the loop costs that the others are found with: more than a request without it does."""
ENOUGH_ROUNDS = 64
ANY_LOSS = "90%"
"""A tolerance by which that loop is no regression, so that the rounds end soon."""


def measure(
    revisions: Revisions, results: Results, asked: Sequence[Series], servers: Sequence[str]
) -> None:
    """Make the comparisons that are missing."""
    for number in range(1, max(one.times for one in asked) + 1):
        for server in servers:
            for series in asked:
                if len(results.of(series.name, server)) < number <= series.times:
                    make(revisions, results, series, server, number)


def make(revisions: Revisions, results: Results, series: Series, server: str, number: int) -> None:
    """Make one, and keep it."""
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
    if left := revisions.leftovers():
        raise SystemExit(f"left behind in {revisions.folder}: {', '.join(left)}")


def find_loop(revisions: Revisions, server: str) -> float:
    """How many iterations double the CPU time of a request under this server."""
    tried = round(TRIED_S / of_an_iteration_s())
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
    return tried / (ratio - 1)


def of_an_iteration_s() -> float:
    """CPU seconds, here and now."""
    iterations = 2_000_000
    began = time.process_time()
    for _ in range(iterations):
        pass
    return (time.process_time() - began) / iterations


@contextmanager
def folder_for(asked: Path | None) -> Iterator[Path]:
    """Where the repository is made."""
    if asked is not None:
        asked.mkdir(parents=True, exist_ok=True)
        yield asked
        return
    with tempfile.TemporaryDirectory(prefix="regressions-") as name:
        yield Path(name)


def arguments() -> argparse.Namespace:
    """The command line."""
    names = [one.name for one in ALL]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="SERIES,SERIES", help=f"of {', '.join(names)}")
    parser.add_argument("--servers", default=",".join(SERVERS), metavar="NAME,NAME")
    parser.add_argument("--quick", action="store_true", help="one comparison a series, for trying")
    parser.add_argument("--tables", action="store_true", help="of what was kept; measure nothing")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("regressions.jsonl"),
        metavar="FILE",
        help="where outcomes are kept; remove it to begin anew (regressions.jsonl)",
    )
    parser.add_argument("--folder", type=Path, help="for the repository (a temporary one)")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the tables for the docs")
    asked = parser.parse_args()
    asked.only = asked.only.split(",") if asked.only else names
    if unknown := set(asked.only) - set(names):
        parser.error(f"no series {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    asked.servers = asked.servers.split(",")
    return asked


def main() -> int:
    """Measure what is missing, and print the tables."""
    asked = arguments()
    series = [one for one in ALL if one.name in asked.only]
    if asked.quick:
        series = [replace(one, times=1) for one in series]
    results = Results(asked.results)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(machine_line())
    if not asked.tables:
        try:
            with folder_for(asked.folder) as folder:
                measure(Revisions(folder / "site"), results, series, asked.servers)
        except KeyboardInterrupt:
            print(f"stopped; what was found is in {asked.results}, and the same command goes on")
            return 130
    packages = sorted({one.package for one in results.outcomes})
    print(f"measured with pytest-djworkers at {', '.join(packages)}")
    tables = [
        verdicts(results, series, asked.servers),
        times(results, series, asked.servers),
        noises(results, asked.servers),
    ]
    return finish(tables, asked.rst)


if __name__ == "__main__":
    sys.exit(main())
