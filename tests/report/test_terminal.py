from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.uvicorn import Uvicorn
from pytest_djworkers.backends.waitress import Waitress
from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.baseline.machine import Machine, this_machine
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.compare.flags import Against, ComparisonFlags
from pytest_djworkers.compare.setup import ComparisonSetup
from pytest_djworkers.load.facts import Usage
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report.header import header
from pytest_djworkers.report.terminal import print_summary
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import compared
from tests.support.results import RESULT, WRK, record
from tests.support.settings import SETTINGS

NO_BASELINE = Baseline(Path("none.json"), this_machine())
ONE_STORED = replace(NO_BASELINE, bursts={"a": StoredBurst({}, ())})

STORED = StoredFigures(200.0, 0.002, None, 1, 2, "2026-01-02T03:04:05+00:00")


class Window(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def printed(
    pytester: pytest.Pytester,
    records: list[BurstRecord],
    outcomes: FileOutcomes | None = None,
    *flags: str,
    window: int | None = None,
) -> list[str]:
    """Return the lines of a summary, in a file or in a terminal of this width."""
    # pytest-retry can be configured only once in a process.
    config = pytester.parseconfigure("-p", "no:pytest-retry", *flags)
    stream = io.StringIO() if window is None else Window()
    reporter = TerminalReporter(config, stream)
    # The summary asks the config for the terminal writer, so this reporter must be registered.
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(reporter, "terminalreporter")
    # The width of the machine's own terminal must not decide.
    reporter._tw.fullwidth = window or 80
    print_summary(reporter, records, outcomes or FileOutcomes())
    return stream.getvalue().splitlines()


def test_the_header_has_the_servers_and_the_load() -> None:
    first, second = header(SETTINGS, NO_BASELINE)
    assert first.startswith("djworkers: granian 2")
    assert first.endswith("; 2 workers each; generator auto")
    assert second == (
        "djworkers: bursts of 2,000 connections for 10s after 1s of warm-up, timeout 2s"
    )


def test_the_header_lists_the_flags_that_override_tests() -> None:
    flagged = replace(
        SETTINGS, requested_workers=1, shape_flags={"connections": 8, "duration": 0.3}
    )
    first, second, third = header(flagged, NO_BASELINE)
    assert "; 1 worker each; " in first
    assert "bursts of 8 connections for 300ms after 1s" in second
    assert third == (
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
    assert header(SETTINGS, ONE_STORED)[2:] == [
        "djworkers: baseline 'default' with 1 burst, tolerance 10%"
    ]
    elsewhere = replace(
        NO_BASELINE, elsewhere={Machine("Another CPU", 2, None): frozenset({"key"})}
    )
    assert header(SETTINGS, elsewhere)[2:] == [
        "djworkers: baseline 'default' with 0 bursts and those of 1 other machine, tolerance 10%"
    ]
    # A baseline that is being saved isn't compared with, whether there is one or not.
    for baseline in (NO_BASELINE, ONE_STORED):
        assert header(replace(SETTINGS, save_baseline=True), baseline)[2:] == [
            "djworkers: saves baseline 'default'"
        ]


def test_a_table_is_grouped_by_endpoint(pytester: pytest.Pytester) -> None:
    lines = printed(
        pytester, [record("gunicorn-gevent"), record(test="test_two"), record(result=WRK)]
    )
    assert lines == [
        "---------------------------------- djworkers -----------------------------------",
        "  backend          generator  requests/s  p50    p99  timeouts  errors  served",
        "GET /json  (test_json)",
        "  gunicorn-gevent  asyncio           100  1ms  300ms        10       0     8/8",
        "  granian          wrk               100  1ms  300ms        10       0     8/8",
        "GET /json  (test_two)",
        "  granian          asyncio           100  1ms  300ms        10       0     8/8",
    ]


def test_a_baseline_and_remarks_have_columns_if_there_are_some(
    pytester: pytest.Pytester,
) -> None:
    comparison = BaselineVerdict(Verdict.REGRESSED, "why", ratio=0.5)
    shared = replace(RESULT, shared_run=True)
    one = record(result=shared, stored=STORED, against_baseline=comparison)
    assert printed(pytester, [one], window=120)[1:] == [
        "  backend     generator  requests/s  vs baseline  p50    p99  timeouts  errors  served"
        "  remarks",
        "GET /json  (test_json)",
        "  granian     asyncio           100       -50.0%  1ms  300ms        10       0     8/8"
        "  shared run",
        "    baseline                    200               2ms      -         1       2        "
        "  2026-01-02",
        "regressed (a warning): test_site.py::test_json[granian] GET /json: why",
    ]


@pytest.mark.parametrize(
    ("encoding", "p95", "errors"),
    [("utf-8", "20 → 28.5 ms", "0 → 0"), ("ascii", "20 -> 28.5 ms", "0 -> 0")],
)
def test_figures_before_and_after_have_an_arrow_that_the_terminal_knows(
    encoding: str,
    p95: str,
    errors: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The reporter writes to a stream of the test; the encoding that counts is the terminal's.
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    _, heading, _, row, *_ = printed(pytester, [record(against_base=compared(0.7))])
    assert f"  {p95}  " in row
    assert f"  {errors}  " in row
    slower = BaselineVerdict(Verdict.REGRESSED, "100 → 50.00 requests/s")
    note = printed(pytester, [record(against_baseline=slower)])[-1]
    assert note.endswith(f": 100 {p95.split()[1]} 50.00 requests/s")
    assert heading.index("verdict") == row.index("regressed")


@pytest.mark.parametrize(("encoding", "arrow"), [("utf-8", "→"), ("ascii", "->")])
def test_lines_have_an_arrow_that_the_terminal_knows(
    encoding: str, arrow: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    lines = printed(pytester, [record(against_base=compared(0.7))])
    (note,) = (line for line in lines if line.startswith("regressed: ") and "; requests/s" in line)
    assert f"; requests/s 2,000 {arrow} " in note


def test_long_lines_are_broken_between_words_on_a_terminal(pytester: pytest.Pytester) -> None:
    one = record(against_base=compared(0.7))
    in_a_file = printed(pytester, [one])
    on_a_terminal = printed(pytester, [one], window=80)
    notes = [line for line in on_a_terminal if line.startswith(("regressed: ", "  "))]
    assert max(map(len, notes)) <= 80
    (note,) = (line for line in in_a_file if line.startswith("regressed: ") and "p95" not in line)
    assert note in " ".join(line.strip() for line in on_a_terminal)


@pytest.mark.parametrize(("flags", "shown"), [((), False), (("-v",), True)])
def test_details_of_a_comparison_are_shown_with_v(
    flags: tuple[str, ...], shown: bool, pytester: pytest.Pytester
) -> None:
    lines = printed(pytester, [record(against_base=compared(1.0))], None, *flags)
    assert any(line.strip().startswith("noise: ") for line in lines) is shown
    # The noise of the whole run is always said.
    assert lines[-1].startswith("this machine, in this run: ")


@pytest.mark.parametrize(
    ("window", "gone"),
    [
        (200, set()),
        (90, {"generator"}),
        (80, {"generator", "memory"}),
        (70, {"generator", "memory", "CPU/req."}),
    ],
)
def test_a_narrow_terminal_leaves_columns_out(
    window: int, gone: set[str], pytester: pytest.Pytester
) -> None:
    used = replace(RESULT, usage=Usage(0.5, 150_000_000, 2, 2, 0, 0))
    # The server's usage fills both of the columns that go first.
    _, columns, *_ = printed(pytester, [record("gunicorn-gevent", result=used)], window=window)
    assert len(columns) <= window
    assert {"generator", "memory", "CPU/req."} - set(columns.split()) == gone


def test_a_narrow_terminal_has_the_only_generator_in_the_title(
    pytester: pytest.Pytester,
) -> None:
    title, columns, *_ = printed(pytester, [record("gunicorn-gevent")], window=70)
    assert "- djworkers, fired by asyncio -" in title
    assert "generator" not in columns
    assert len(columns) <= 70
    # With two generators the column stays, however narrow the terminal is.
    title, columns, *_ = printed(pytester, [record(), record(result=WRK)], window=60)
    assert "fired by" not in title
    assert "generator" in columns
    title, columns, *_ = printed(pytester, [record(result=replace(RESULT, shared_run=True))])
    assert "generator" in columns  # a file takes any width


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
        problems=["baseline x can't be written"],
    )
    assert printed(pytester, [], outcomes) == [
        "report: load.md",
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
        problems=[orders],
    )
    lines = printed(pytester, [one], outcomes)
    assert sum(r"\x1b[2J\x07" in line for line in lines) >= 9
    assert all(line.isprintable() for line in lines)
    # A line feed in a remark must not begin a line that looks like a verdict.
    assert not any(line.startswith("regressed: no") for line in lines)
