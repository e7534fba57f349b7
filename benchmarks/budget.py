"""The example's endpoints, compared with their own commit under two servers within a budget.

Nothing has changed, so none may be ``regressed``, and the run must be over in time: within the
budget for its comparisons, and a tenth for what is around them. The exit status is 1 otherwise.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from comparisons import Run, run_pytest
from machine import describe_machine
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_lines import findings, lines
from pytest_djworkers.verdict.judgement import Verdict
from revisions import Revisions
from tables import Table, at_most, finish, verdict_of

SITE = Path(__file__).parent / "costly"
SERVERS = "gunicorn-gevent,granian"
AROUND = 1.1


def comparisons(run: Run) -> list[tuple[BurstRecord, ArmComparison]]:
    """Return the records of the comparisons of a run, with these."""
    return [(one, one.against_base) for one in run.records if one.against_base is not None]


def compared_table(run: Run) -> Table:
    """Return the table of the comparisons."""
    table = Table(
        "The example's endpoints, compared with themselves",
        (
            ("test", 20),
            ("server", 15),
            ("verdict", 12),
            ("blocks", 6),
            ("seconds", 7),
            ("", 6),
            ("said", 0),
        ),
    )
    for record, compared in comparisons(run):
        table.add(
            record.test_function,
            record.backend,
            str(compared.verdict),
            str(compared.blocks),
            f"{compared.took_s:.0f}",
            verdict_of(compared.verdict is not Verdict.REGRESSED),
            "; ".join(lines(compared, findings(compared))),
        )
    return table


def whole_table(run: Run, minutes: float, tests: int) -> Table:
    """Return the table of the whole run."""
    table = Table("The whole run", (("", 11), ("figure", 50), ("bar", 22), ("", 6)))
    found = comparisons(run)
    counts = Counter(str(compared.verdict) for _, compared in found)
    said = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    table.add("verdicts", said or "none", f"{tests} comparisons", verdict_of(len(found) == tests))
    bar = at_most(minutes * 60 * AROUND, f"{minutes * 60 * AROUND:.0f} s")
    table.add("seconds", f"{run.wall_s:.0f}", bar.text, bar.verdict(run.wall_s))
    return table


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=8, help="the budget (default: 8)")
    parser.add_argument("--servers", default=SERVERS, metavar="NAME,NAME")
    parser.add_argument("--tests", default=9, type=int, help="the number of the example's tests")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the tables for the docs")
    return parser.parse_args()


def main() -> int:
    """Compare the example with itself, and print the tables."""
    arguments = parse_arguments()
    # SIGTERM ends a run as Ctrl-C does, so that pytest cleans up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(describe_machine())
    with tempfile.TemporaryDirectory(prefix="budget-") as name:
        revisions = Revisions(Path(name) / "site", SITE)
        base = revisions.check_out({})
        run = run_pytest(
            revisions.folder,
            *(f"--djworkers={arguments.servers}", f"--djworkers-compare={base}"),
            f"--djworkers-compare-budget={arguments.minutes:g}m",
        )
    print(run.output)
    tests = arguments.tests * len(arguments.servers.split(","))
    tables = [compared_table(run), whole_table(run, arguments.minutes, tests)]
    return finish(tables, arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
