"""Which places a profile finds under each server: where a view computes, and where it waits.

The views of ``benchmarks/caused/places.py`` compute for a millisecond, sleep for 10 ms, wait for a
lock that is held for 2 ms, ask another service for 10 ms, and query for 5 ms, each in a function of
its own. A burst with 16 connections and ``--djworkers-profile`` says how long a request is in each.
What serves one request at a time waits for no lock. The exit status is 1 if another place was not
found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from caused_site import CausedSite
from comparisons import run_pytest
from delays_server import delays_server
from machine import describe_machine
from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.profiling.time_spent import TimePart, TimeSpent
from pytest_djworkers.profiling.waits import Wait
from pytest_djworkers.units import format_duration
from surroundings import POSTGRESQL, databases, folder_for
from tables import MISSED, Table, finish

STOCK_TAKES_S = 0.01
PLACES: Mapping[str, tuple[Sequence[str], Wait | None]] = {
    "computes": (("burn",), None),
    "sleeps": (("nap", "async_nap"), Wait.SLEEP),
    "lock": (("hold", "async_hold"), Wait.LOCK),
    "request": (("asked",), Wait.HTTP),
    "query": (("query",), Wait.DATABASE),
}
"""The place in each column: its functions, and what they wait for."""
_NOT_ALWAYS = "lock"


def profiled(site: CausedSite, name: str, view: str, variables: Mapping[str, str]) -> TimeSpent:
    """Return what a server spent its time on; RuntimeError if that isn't known."""
    run = run_pytest(
        site.folder,
        f"--djworkers={name}",
        "--djworkers-profile",
        "--djworkers-duration=1s",
        "--ds=example.settings_postgres",
        f"caused/test_places.py::test_{view}",
        environment=variables,
    )
    found = run.records[-1].time_spent if run.records else None
    if found is None:
        raise RuntimeError(run.end)
    return found


def cells(found: TimeSpent) -> Iterator[str]:
    """Yield the time of each place."""
    for column, (functions, wait) in PLACES.items():
        is_there = [one for one in found.parts if _is_at(one, functions, wait)]
        time_s = sum(one.time_s for one in is_there)
        none = "" if column == _NOT_ALWAYS else MISSED
        yield format_duration(time_s) if is_there else none


def _is_at(part: TimePart, functions: Sequence[str], wait: Wait | None) -> bool:
    return part.function.name in functions and part.wait is wait


def measure(names: Sequence[str], folder: Path, table: Table) -> None:
    """Profile a sync and an async view under each server; the latter under ASGI alone."""
    with (
        databases((POSTGRESQL,)) as environments,
        delays_server("constant", STOCK_TAKES_S, cpu=0) as stock,
    ):
        host, port = stock.address
        variables = {**environments[POSTGRESQL], "CAUSED_STOCK_URL": f"http://{host}:{port}"}
        site = CausedSite(folder / "site")
        for name in names:
            views = ("sync", "async") if BACKENDS[name].about.interface == "ASGI" else ("sync",)
            for view in views:
                found = profiled(site, name, view, variables)
                table.add(name, view, *cells(found), "; ".join(found.problems))


def main() -> int:
    """Profile, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backends", default=",".join(BACKENDS), metavar="NAME,NAME")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table for the docs")
    arguments = parser.parse_args()
    print(describe_machine())
    columns = (("server", 18), ("view", 6), *((column, 9) for column in PLACES), ("", 0))
    table = Table("The time in which a profile finds a request, by place", columns)
    with folder_for(None, "places") as folder:
        measure(arguments.backends.split(","), folder.resolve(), table)
    return finish([table], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
