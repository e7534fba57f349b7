"""What real comparisons need around them: databases, a folder, and a time to end."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TypeVar

from tests.support.postgres import MISSING, SUPERUSER, Cluster, find_binaries, running_cluster

SQLITE, POSTGRESQL = "sqlite", "postgresql"
Environments = Mapping[str, Mapping[str, str]]
"""The variables that the site needs for each database that can be used."""
_Turn = TypeVar("_Turn")


@contextmanager
def databases(wanted: Sequence[str]) -> Iterator[Environments]:
    """Start what these databases need, and give their variables."""
    plain: Environments = {SQLITE: {}}
    if POSTGRESQL not in wanted:
        yield plain
        return
    binaries = find_binaries()
    if binaries is None:
        print(f"nothing is compared on PostgreSQL: it {MISSING}")
        yield plain
        return
    with running_cluster(binaries) as cluster:
        yield {**plain, POSTGRESQL: variables_of(cluster)}


def variables_of(cluster: Cluster) -> Mapping[str, str]:
    """Return libpq's variables for a cluster."""
    entry = cluster.entry()
    return {"PGHOST": entry["HOST"], "PGPORT": entry["PORT"], "PGUSER": SUPERUSER}


def until_stopped(turns: Iterable[_Turn], minutes: float) -> Iterator[_Turn]:
    """Yield turns until so many minutes have passed."""
    end_s = time.monotonic() + minutes * 60
    for turn in turns:
        if time.monotonic() > end_s:
            print(f"stopped after {minutes:g} minutes")
            return
        yield turn


def add_options(parser: argparse.ArgumentParser, results: str) -> None:
    """Add the options of a run that goes on where the last one was stopped; ``results`` is the name
    of its file of outcomes."""
    parser.add_argument(
        "--minutes",
        type=float,
        default=inf,
        help="begin no comparison after so many minutes (default: make all)",
    )
    parser.add_argument("--tables", action="store_true", help="print tables, measure nothing")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path(results),
        metavar="FILE",
        help=f"file of the outcomes; remove it to begin anew (default: {results})",
    )
    parser.add_argument("--folder", type=Path, help="for the repository (default: a temporary one)")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the tables for the docs")


@contextmanager
def folder_for(given: Path | None, name: str) -> Iterator[Path]:
    """Give the folder for the repository: the given one, or a temporary one of this name."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        yield Path(folder)
