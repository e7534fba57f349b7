"""Whether the first line of an explanation names the cause: twelve commits whose cause is known.

Each commit makes one view of ``benchmarks/caused`` slower: by a hash loop, an N+1, a lost index on
PostgreSQL, a slower regular expression, a template loop, a serializer, an added middleware, JSON of
twice the size, a lock, a smaller pool, an outgoing request, or a dependency's slower version. It is
compared with its parent as a user does it, under three servers. The first line is that of the
report: it names the cause if the words of ``known_causes.py`` are in it, and is wrong if it says
``because`` and names something else. In the series ``same`` a commit is compared with itself, with
``--djworkers-profile``, and nothing may be named.

The index is dropped by a migration, so that base makes its own databases. The dependency's two
versions are served in two environments, which are built without a network.

Outcomes are kept in a file as they come, and a run goes on where the last one was stopped. The exit
status is 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from caused_site import CausedSite
from causes_told import SAME_RUNS, Told, Turn, missing, same_table, table_of
from comparisons import package_commit, run_pytest
from delays_server import delays_server
from kept_lines import KeptLines
from known_causes import KNOWN_CAUSES
from label_package import environments
from machine import describe_machine
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

SERVERS = ("granian", "gunicorn-gevent", "uvicorn")
STOCK_TAKES_S = 0.01
"""The time for which the other service lets a request wait."""


@dataclass(frozen=True)
class Bench:
    """All that a comparison needs."""

    site: CausedSite
    of_databases: Environments
    """The variables of each database that can be used."""
    with_labels: tuple[str, ...]
    """The two environments that differ by a package."""
    variables: Mapping[str, str]
    """Further variables of the site."""
    documents: Path
    """The folder for the documents of the runs."""

    def compare(self, turn: Turn) -> Told | None:
        """Make one comparison; None if its database can't be used."""
        cause = turn.cause
        database = POSTGRESQL if cause.needs_postgresql else SQLITE
        if database not in self.of_databases:
            return None
        self.site.check_out(() if turn.is_same else cause.edits)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        name = turn.name.replace(" ", "-").replace("'", "")
        document = self.documents / f"{name}-{turn.server}-{turn.number}.json"
        document.unlink(missing_ok=True)
        run = run_pytest(
            self.site.folder,
            f"--djworkers={turn.server}",
            *self._sides(turn),
            *cause.options,
            f"--djworkers-report={document}",
            f"--ds=example.settings{'_postgres' if cause.needs_postgresql else ''}",
            f"caused/{cause.test_file}::test_{cause.view}",
            environment={**self.of_databases[database], **self.variables},
        )
        return Told.of(turn, when, package_commit(), run, document)

    def _sides(self, turn: Turn) -> tuple[str, ...]:
        """Return the options that say what is compared."""
        if turn.is_same:
            return f"--djworkers-compare={self.site.base}", "--djworkers-profile"
        if turn.cause.is_package:
            return (f"--djworkers-compare-environments={','.join(self.with_labels)}",)
        return (f"--djworkers-compare={self.site.base}",)


def measure(bench: Bench, kept: KeptLines[Told], arguments: argparse.Namespace) -> None:
    """Make the missing comparisons, but for those whose database can't be used."""
    turns = missing(kept.lines, chosen_causes(arguments), servers(arguments), arguments.same)
    for turn in until_stopped(turns, arguments.minutes):
        told = bench.compare(turn)
        if told is not None:
            kept.add(told)
            print(told, flush=True)
        # A comparison must leave nothing behind, in this repository, either.
        if left := bench.site.leftovers():
            raise SystemExit(f"left behind in {bench.site.folder}: {', '.join(left)}")


def chosen_causes(arguments: argparse.Namespace) -> list[str]:
    """Return the names of the causes that the command line asks for."""
    return [one.name for one in KNOWN_CAUSES if arguments.cause in one.name]


def servers(arguments: argparse.Namespace) -> list[str]:
    """Return the servers that the command line asks for."""
    names: list[str] = arguments.servers.split(",")
    return names


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--servers", default=",".join(SERVERS), metavar="NAME,NAME")
    parser.add_argument(
        "--cause", default="", metavar="TEXT", help="causes that have it in their name"
    )
    parser.add_argument(
        "--same",
        type=int,
        default=SAME_RUNS,
        metavar="N",
        help="the number of comparisons of the same code (default: 20)",
    )
    add_options(parser, "causes.jsonl")
    parser.add_argument(
        "--documents",
        type=Path,
        metavar="FOLDER",
        help="keep the runs' JSON documents there (default: beside the repository)",
    )
    arguments = parser.parse_args()
    if not chosen_causes(arguments):
        names = ", ".join(one.name for one in KNOWN_CAUSES)
        parser.error(f"no cause has {arguments.cause!r} in its name; there are {names}")
    return arguments


def run(arguments: argparse.Namespace, kept: KeptLines[Told]) -> None:
    """Make the missing comparisons."""
    with (
        folder_for(arguments.folder, "causes") as folder,
        databases((SQLITE, POSTGRESQL)) as of_databases,
        delays_server("constant", STOCK_TAKES_S, cpu=0) as stock,
    ):
        folder = folder.resolve()
        documents = (arguments.documents or folder / "documents").resolve()
        documents.mkdir(parents=True, exist_ok=True)
        host, port = stock.address
        bench = Bench(
            CausedSite(folder / "site"),
            of_databases,
            environments(folder),
            {"CAUSED_STOCK_URL": f"http://{host}:{port}"},
            documents,
        )
        measure(bench, kept, arguments)


def main() -> int:
    """Make the missing comparisons, and print the tables."""
    arguments = parse_arguments()
    kept = KeptLines(arguments.results, Told)
    # SIGTERM ends a run as Ctrl-C does, so that pytest cleans up and the outcomes stay.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(describe_machine())
    if not arguments.tables:
        try:
            run(arguments, kept)
        except KeyboardInterrupt:
            print(f"stopped; the same command goes on from {arguments.results}")
            return 130
    packages = sorted({told.package for told in kept.lines})
    print(f"measured with pytest-djworkers at {', '.join(packages)}")
    return finish([*table_of(kept.lines), same_table(kept.lines)], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
