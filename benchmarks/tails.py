"""Commits that make a site worse in ways that are easy to miss: their verdicts, and why.

Each commit is compared with its parent, with ``--djworkers-compare`` or with a stored baseline, as
a user does it. Most change a view that takes 4 ms: a few of its requests take much longer, end in
an error or end their worker. Others change a page of books: it runs more queries, renders more, is
empty, or is no longer cached.

Each must be ``regressed``. A view that is faster because it is empty may be ``improved``, if the
output says that the responses differ. The exit status is 1 if a verdict is another one.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from comparisons import Run, run_pytest
from machine import describe_machine
from pytest_djworkers.report.comparison_lines import findings, lines
from pytest_djworkers.verdict.judgement import Verdict
from revisions import Change, Revisions
from tables import Table, finish, verdict_of

SITE = Path(__file__).parent / "tailed"
THREADS = "gunicorn-gthread:threads=64"
REMARK = "responses differ"
FAILED = "failed"
NOTHING = "no expected response"
_BASELINE = "tails"
_LOAD = ("--djworkers-connections=200", "--djworkers-duration=5s")
"""A load under which the view is not starved before it gets worse."""


@dataclass(frozen=True)
class Case:
    """A commit that makes a view worse, and the test that must show it."""

    name: str
    test: str
    head: Change
    server: str = THREADS
    stored_with: str = ""
    """The generator of a stored baseline that it is compared with; empty for its parent."""
    may_improve: bool = False
    """True if it may be ``improved`` with the remark that the responses differ."""
    may_fail: str = ""
    """The words of a failure that may take the place of a verdict."""

    def holds(self, found: Found) -> bool:
        """Return True if the verdict is one that the case may have."""
        if self.may_improve and found.verdict == Verdict.IMPROVED:
            return REMARK in found.cause
        if self.may_fail and found.verdict == FAILED:
            return self.may_fail in found.cause
        return found.verdict == Verdict.REGRESSED


@dataclass(frozen=True)
class Found:
    """The verdict on a commit."""

    verdict: str
    cause: str
    wall_s: float


# Every 67th request is 1.5 % of them, every 50th 2 %, every 12th 8 %, and every 333rd 0.3 %.
CASES = (
    Case("1.5% take 0.8 s and fail", "quick", {"every": 67, "sleep_s": 0.8, "status": 500}),
    Case("1.5% take 3 s", "quick", {"every": 67, "sleep_s": 3.0}),
    Case("2% take 1.5 s, p95 30%", "quick_p95_and_errors", {"every": 50, "sleep_s": 1.5}),
    Case("8% take 0.8 s, p95", "quick_p95", {"every": 12, "sleep_s": 0.8}),
    Case("0.3% kill their worker", "quick", {"every": 333, "kills": True}),
    Case("all time out", "quick", {"every": 1, "sleep_s": 60.0}, may_fail="no response in time"),
    Case("empty, status 204", "books", {"is_empty": True}, "granian", may_improve=True),
    Case("not stored in the cache", "cached", {"forgets": True}),
    Case("30 more queries", "books", {"queries": 30}, "granian"),
    Case("100 times dearer", "books", {"times": 100}, "granian"),
    Case("30 more queries", "books", {"queries": 30}, stored_with="asyncio"),
    Case("30 more queries", "books", {"queries": 30}, stored_with="auto"),
    Case("100 times dearer", "books", {"times": 100}, stored_with="asyncio", may_fail=NOTHING),
    Case("100 times dearer", "books", {"times": 100}, stored_with="auto", may_fail=NOTHING),
)


def measure(revisions: Revisions, case: Case) -> Found:
    """Compare a commit with its parent."""
    arguments = (
        *(f"--djworkers={case.server}", "--ds=tailed.settings"),
        f"tailed/test_tails.py::test_{case.test}",
    )
    if case.stored_with:
        return against_baseline(revisions, case, arguments)
    base = revisions.check_out(case.head)
    run = run_pytest(revisions.folder, f"--djworkers-compare={base}", *arguments)
    compared = run.compared
    if compared is None or compared.verdict is None:
        return failed(run)
    said = "; ".join(lines(compared, findings(compared)))
    return Found(compared.verdict.value, said, run.wall_s)


def against_baseline(revisions: Revisions, case: Case, arguments: tuple[str, ...]) -> Found:
    """Store a baseline of the parent, and compare the commit with it."""
    arguments = (
        *(f"--djworkers-baseline={_BASELINE}", f"--djworkers-generator={case.stored_with}"),
        *(*_LOAD, *arguments),
    )
    revisions.check_out({})
    saved = run_pytest(revisions.folder, "--djworkers-save-baseline", *arguments)
    if saved.status:
        return replace(failed(saved), verdict="not saved")
    revisions.check_out(case.head)
    run = run_pytest(revisions.folder, *arguments)
    verdict = run.records[-1].against_baseline if run.records else None
    if verdict is None:
        return failed(run)
    return Found(verdict.verdict.value, verdict.reason, run.wall_s)


def failed(run: Run) -> Found:
    """Return the failure that was found in the place of a verdict."""
    # The line below the title of the failure; pytest cuts the one in its summary.
    found = re.search(r"^___.*___$\n+(.*)", run.output, re.MULTILINE)
    if found is None:
        print(run.output)
        return Found(f"exit status {run.status}", "", run.wall_s)
    return Found(FAILED, found[1], run.wall_s)


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="cases that have it in the name")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table for the docs")
    return parser.parse_args()


def main() -> int:
    """Compare each commit, and print the table."""
    arguments = parse_arguments()
    # SIGTERM ends a run as Ctrl-C does, so that pytest cleans up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(describe_machine())
    table = Table(
        "Verdicts on commits that are easy to miss",
        (
            ("commit", 26),
            ("compared with", 15),
            ("server", len(THREADS)),
            ("verdict", 12),
            ("seconds", 7),
            ("", 6),
            ("cause", 0),
        ),
    )
    with tempfile.TemporaryDirectory(prefix="tails-") as name:
        revisions = Revisions(Path(name) / "site", SITE)
        for case in CASES:
            if arguments.only not in case.name:
                continue
            found = measure(revisions, case)
            table.add(
                case.name,
                f"stored, {case.stored_with}" if case.stored_with else "parent",
                case.server,
                found.verdict,
                f"{found.wall_s:.0f}",
                verdict_of(case.holds(found)),
                found.cause,
            )
    return finish([table], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
