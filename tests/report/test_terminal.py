from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.uvicorn import Uvicorn
from pytest_djworkers.backends.waitress import Waitress
from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.baseline.machine import Machine, this_machine
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.compare.flags import Against, ComparisonFlags
from pytest_djworkers.compare.setup import ComparisonSetup
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report.header import header
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.results import RESULT, record
from tests.support.settings import SETTINGS
from tests.support.summaries import printed

NO_BASELINE = Baseline(Path("none.json"), this_machine())
ONE_STORED = replace(NO_BASELINE, bursts={"a": StoredBurst({}, ())})

STORED = StoredFigures(200.0, 0.002, None, 1, 2, "2026-01-02T03:04:05+00:00")


def test_the_header_has_the_servers() -> None:
    (first,) = header(SETTINGS, NO_BASELINE)
    assert first.startswith("djworkers: granian 2")
    assert first.endswith("; 2 workers each; generator auto")


def test_the_header_lists_the_flags_that_override_tests() -> None:
    flagged = replace(
        SETTINGS, requested_workers=1, shape_flags={"connections": 8, "duration": 0.3}
    )
    first, second = header(flagged, NO_BASELINE)
    assert "; 1 worker each; " in first
    assert second == (
        "djworkers: these flags override tests and configuration:"
        " --djworkers-connections=8 --djworkers-duration=300ms"
    )


def test_the_header_names_the_backends_that_are_compared_and_their_own_workers() -> None:
    flags = ComparisonFlags(Against.BACKEND, seed=1)
    settings = replace(
        SETTINGS,
        backends={"granian": Granian(), "waitress": Waitress(), "uvicorn": Uvicorn()},
        comparison_flags=flags,
    )
    setup = ComparisonSetup(flags, None)
    servers, compares, _, slower, *_ = header(settings, NO_BASELINE, setup)
    assert re.fullmatch(
        r"djworkers: granian [\d.]+ \(2 workers\), waitress [\d.]+ \(1 worker\),"
        r" uvicorn [\d.]+ \(2 workers\)",
        servers,
    )
    assert compares == "djworkers: compares waitress and uvicorn with granian"
    assert slower == "djworkers: a slower backend fails only tests with a max_regression"


def test_the_header_names_the_baseline_that_is_read_or_saved() -> None:
    assert header(SETTINGS, ONE_STORED)[1:] == [
        "djworkers: baseline 'default' with 1 burst, tolerance 10%"
    ]
    elsewhere = replace(
        NO_BASELINE, elsewhere={Machine("Another CPU", 2, None): frozenset({"key"})}
    )
    assert header(SETTINGS, elsewhere)[1:] == [
        "djworkers: baseline 'default' with 0 bursts and those of 1 other machine, tolerance 10%"
    ]
    # A baseline that is being saved isn't compared with, whether there is one or not.
    for baseline in (NO_BASELINE, ONE_STORED):
        assert header(replace(SETTINGS, save_baseline=True), baseline)[1:] == [
            "djworkers: saves baseline 'default'"
        ]


@pytest.mark.parametrize(("flags", "shown"), [(("-q",), True), (("-qq",), False)])
def test_only_a_second_q_leaves_the_table_out(
    pytester: pytest.Pytester, flags: tuple[str, ...], shown: bool
) -> None:
    lines = printed(pytester, [record()], FileOutcomes(problems=["no room"]), *flags)
    assert ("GET /json  (test_json)" in lines) is shown
    assert lines[-1] == "djworkers: no room"


def test_written_and_unwritten_files_are_listed(pytester: pytest.Pytester) -> None:
    outcomes = FileOutcomes(
        baseline_saved="2 bursts in .djworkers/default/x.json",
        bursts_kept=["a"],
        bursts_started_over=["c: workers was 2 and is 7"],
        bursts_not_saved=["b: starved"],
        reports_written=["load.md"],
        reports_left_out=["load.html: no load test ran"],
        problems=["baseline x can't be written"],
    )
    assert printed(pytester, [], outcomes) == [
        "report: load.md",
        "report not written: load.html: no load test ran",
        "baseline saved: 2 bursts in .djworkers/default/x.json",
        "baseline kept as it was: a",
        "baseline started over: c: workers was 2 and is 7",
        "baseline not saved: b: starved",
        "djworkers: baseline x can't be written",
    ]


def test_without_bursts_there_is_no_table(pytester: pytest.Pytester) -> None:
    assert printed(pytester, []) == []


def test_text_of_a_stored_baseline_gives_no_orders_to_the_terminal(
    pytester: pytest.Pytester,
) -> None:
    # Clear the screen, and ring the bell.
    orders = "\x1b[2J\x07"
    stored = replace(STORED, saved=f"{orders}T", remark=f"{orders}\nregressed: no")
    server = replace(RESULT.server, backend=orders) if RESULT.server else None
    one = record(
        orders,
        test=orders,
        result=replace(RESULT, server=server),
        stored=stored,
        against_baseline=BaselineVerdict(Verdict.REGRESSED, orders, ratio=0.5),
    )
    outcomes = FileOutcomes(
        baseline_saved=orders,
        bursts_kept=[orders],
        bursts_started_over=[orders],
        bursts_not_saved=[orders],
        reports_written=[orders],
        reports_left_out=[orders],
        problems=[orders],
    )
    lines = printed(pytester, [one], outcomes)
    assert sum(r"\x1b[2J\x07" in line for line in lines) >= 10
    assert all(line.isprintable() for line in lines)
    # A line feed in a remark must not begin a line that looks like a verdict.
    assert not any(line.startswith("regressed: no") for line in lines)
