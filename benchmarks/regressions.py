"""Real comparisons of two revisions: their verdicts on commits whose cost is known.

On the views of ``benchmarks/costly``, with ``--djworkers-compare`` as a user runs it. The views are
a list page, reports that take 31 ms, 200 ms and 1 s of CPU time, a page that waits for 3 s, and a
little JSON. Servers and databases differ. Of most views there are three series:

- ``same``: a commit with itself; none may be ``regressed``;
- ``+20%``: a commit whose view does 20 % more work, or waits 20 % longer; all must be
  ``regressed``;
- ``+10%``: 10 % more, at a tolerance of 5 %; none may be ``ok``.

``busy`` is a commit with itself, beside a process that keeps a core busy on and off. The series
with ``import`` have a site whose import takes 3 s.

The table has the cost that was reached, as the comparisons themselves measured it.

The commits are made in a temporary folder, and PostgreSQL is one that the benchmark starts and
ends. Outcomes are kept in a file as they come, and a run goes on where the last one was stopped.
The series take turns, so that all of them see the same changes of the machine. The exit status is 1
if a bar is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from comparisons import WITHIN_S, package_commit, run_pytest
from eat_a_core import a_core_eaten
from machine import describe_machine
from outcomes import Outcome, Place, Results
from regressions_found import counted_verdicts, noises, times, verdicts
from revisions import Revisions
from series import ALL, Series, Turn, missing
from surroundings import (
    POSTGRESQL,
    SQLITE,
    Environments,
    add_options,
    databases,
    folder_for,
    until_stopped,
)
from tables import finish

SITE = Path(__file__).parent / "costly"
SERVERS = ("granian", "gunicorn-gevent")
DATABASES = (SQLITE, POSTGRESQL)


def measure(
    revisions: Revisions, results: Results, turns: Iterable[Turn], environments: Environments
) -> None:
    """Make these comparisons, but for those whose database can't be used."""
    for turn in turns:
        if turn.place.database in environments:
            outcome = compare(revisions, turn, environments[turn.place.database])
            results.add(outcome)
            print(outcome, flush=True)
            # A comparison must leave nothing behind, in this repository, either.
            if left := revisions.leftovers():
                raise SystemExit(f"left behind in {revisions.folder}: {', '.join(left)}")


def compare(revisions: Revisions, turn: Turn, environment: Mapping[str, str]) -> Outcome:
    """Make one comparison."""
    series, place = turn.series, turn.place
    base = revisions.check_out(series.head, series.common)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    settings = "settings" if place.database == SQLITE else "settings_postgres"
    with a_core_eaten(WITHIN_S) if series.is_busy else nullcontext():
        run = run_pytest(
            revisions.folder,
            *(f"--djworkers={place.server}", f"--djworkers-compare={base}"),
            *(f"--djworkers-tolerance={series.tolerance:.0%}", f"--ds=example.{settings}"),
            f"costly/test_costly.py::test_{series.view.test}",
            environment=environment,
        )
    said = "" if run.compared else run.end
    return Outcome(
        *(series.name, place, turn.number, when, package_commit()),
        *(run.wall_s, run.status, run.compared, said),
    )


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    names = [series.name for series in ALL]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="series that have it in their name"
    )
    parser.add_argument("--servers", default=",".join(SERVERS), metavar="NAME,NAME")
    parser.add_argument("--databases", default=",".join(DATABASES), metavar="NAME,NAME")
    parser.add_argument("--quick", action="store_true", help="one comparison a series, to try")
    add_options(parser, "regressions.jsonl")
    arguments = parser.parse_args()
    if not any(arguments.only in name for name in names):
        parser.error(f"no series has {arguments.only!r} in its name; there are {', '.join(names)}")
    return arguments


def chosen_series(arguments: argparse.Namespace) -> list[Series]:
    """Return the series that the command line asks for."""
    chosen = [series for series in ALL if arguments.only in series.name]
    return [replace(series, times=1) for series in chosen] if arguments.quick else chosen


def main() -> int:
    """Make the missing comparisons, and print the tables."""
    arguments = parse_arguments()
    chosen = chosen_series(arguments)
    names = arguments.databases.split(",")
    places = [Place(server, name) for server in arguments.servers.split(",") for name in names]
    results = Results(arguments.results)
    # SIGTERM ends a run as Ctrl-C does, so that pytest cleans up and the outcomes stay.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(describe_machine())
    if not arguments.tables:
        turns = until_stopped(missing(results, chosen, places), arguments.minutes)
        try:
            with (
                folder_for(arguments.folder, "regressions") as folder,
                databases(names) as environments,
            ):
                measure(Revisions(folder / "site", SITE), results, turns, environments)
        except KeyboardInterrupt:
            print(f"stopped; the same command goes on from {arguments.results}")
            return 130
    packages = sorted({outcome.package for outcome in results.outcomes})
    print(f"measured with pytest-djworkers at {', '.join(packages)}")
    tables = [
        counted_verdicts(results, chosen),
        verdicts(results, chosen, places),
        times(results, chosen, places),
        noises(results, chosen, places),
    ]
    return finish(tables, arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
