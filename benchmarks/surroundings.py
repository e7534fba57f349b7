"""What real comparisons need around them: databases, a folder, and a time to end."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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


@contextmanager
def folder_for(given: Path | None, name: str) -> Iterator[Path]:
    """Give the folder for the repository: the given one, or a temporary one of this name."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        yield Path(folder)
