"""The table as it is printed: in a file, and in windows of several widths."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.legend import Sign
from pytest_djworkers.load.facts import Connections, Usage
from pytest_djworkers.record import BurstRecord, LimitOutcome
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import compared
from tests.support.results import RESULT, UNFAIR, WRK, record
from tests.support.summaries import printed

STORED = StoredFigures(200.0, 0.002, None, 1, 2, "2026-01-02T03:04:05+00:00")
REGRESSED = BaselineVerdict(Verdict.REGRESSED, "why", ratio=0.5, fails=True)
USED = replace(RESULT, usage=Usage(0.5, 150_000_000, 2, 2, 0, 0))
STARVED = replace(
    RESULT, connections=Connections(requested=2000, served=391, at_work=1800.0, fairness=0.1)
)


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


def test_a_table_of_80_columns_has_remarks_and_missed_limits_below_the_row(
    pytester: pytest.Pytester,
) -> None:
    limits = (LimitOutcome("min_rps(50)"), LimitOutcome("max_errors(0)", "errors: 3, 3 over"))
    one = record(
        "gunicorn-gevent",
        result=STARVED,
        limits=limits,
        stored=STORED,
        against_baseline=REGRESSED,
    )
    assert printed(pytester, [one], window=80)[1:7] == [
        "  backend          requests/s  vs baseline  p50    p99  timeouts  errors",
        "GET /json  (test_json)",
        "  gunicorn-gevent         100       -50.0%  1ms  300ms        10       0",
        "    starved, unfair",
        "    missed: errors: 3, 3 over",
        "    baseline              200   2026-01-02  2ms      -         1       2",
    ]


def test_a_wide_window_has_all_columns(pytester: pytest.Pytester) -> None:
    used = replace(UNFAIR, usage=USED.usage)
    one = record(result=used, stored=STORED, against_baseline=REGRESSED)
    lines = printed(pytester, [one], window=160)
    assert lines[1:5] == [
        "  backend     generator  requests/s  vs baseline  verdict    p50    p99  timeouts  errors"
        "  served  CPU/req.  memory  remarks",
        "GET /json  (test_json)",
        "  granian     asyncio           100       -50.0%  regressed  1ms  300ms        10       0"
        "     8/8     500us   150MB  unfair",
        "    baseline                    200   2026-01-02             2ms      -         1       2",
    ]
    assert " ".join(map(str.strip, lines[5:7])) == Sign.UNFAIR.line


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
    _, columns, *_ = printed(pytester, [record("gunicorn-gevent", result=USED)], window=window)
    assert len(columns) <= window
    assert {"generator", "memory", "CPU/req."} - set(columns.split()) == gone


def test_what_has_no_room_stands_below_the_row_with_v(pytester: pytest.Pytester) -> None:
    one = record("gunicorn-gevent", result=replace(UNFAIR, usage=USED.usage))
    assert printed(pytester, [one], None, "-v", window=70)[3:6] == [
        "  gunicorn-gevent         100  1ms  300ms        10       0     8/8",
        "    generator asyncio, CPU/req. 500us, memory 150MB",
        "    unfair",
    ]


def test_a_file_takes_80_columns(pytester: pytest.Pytester) -> None:
    one = record("gunicorn-gevent", result=USED, stored=STORED, against_baseline=REGRESSED)
    lines = printed(pytester, [one])
    assert lines[2:] == printed(pytester, [one], window=80)[2:]
    assert max(map(len, lines)) == 80


def test_a_narrow_terminal_has_the_only_generator_in_the_title(
    pytester: pytest.Pytester,
) -> None:
    title, columns, *_ = printed(pytester, [record("gunicorn-gevent")], window=70)
    assert "- djworkers, fired by asyncio -" in title
    assert "generator" not in columns
    # With two generators each row has its own.
    title, columns, _, _, below, *_ = printed(pytester, [record(), record(result=WRK)], window=60)
    assert "fired by" not in title
    assert "generator" not in columns
    assert below == "    generator asyncio"


def test_a_backend_with_a_long_name_has_a_line_of_its_own(pytester: pytest.Pytester) -> None:
    name = "granian:workers=4:blocking-threads=8:backpressure=4096:loop=uvloop"
    assert printed(pytester, [record(name)], window=80)[1:] == [
        "  requests/s  p50    p99  timeouts  errors",
        "GET /json  (test_json)",
        f"  {name}",
        "         100  1ms  300ms        10       0",
    ]


def test_a_terminal_as_narrow_as_a_phone_has_no_line_that_is_too_long(
    pytester: pytest.Pytester,
) -> None:
    slower = record("gunicorn-gevent", against_base=compared(0.5))
    assert printed(pytester, [slower], window=44)[:6] == [
        "djworkers: main → the working tree, seed 1",
        "  verdict       requests/s  change",
        "GET /json  (test_json)",
        "  gunicorn-gevent",
        "  regressed  2,000 → 1,000  -50.0%",
        "    interval -50.2% to -49.7%",
    ]
    assert printed(pytester, [record()], window=40)[1:6] == [
        "  requests/s  p50    p99  timeouts",
        "GET /json  (test_json)",
        "  granian",
        "         100  1ms  300ms        10",
        "    errors 0",
    ]


@pytest.mark.parametrize(
    ("encoding", "p95"), [("utf-8", "20 → 28.5 ms"), ("ascii", "20 -> 28.5 ms")]
)
def test_figures_before_and_after_have_an_arrow_that_the_terminal_knows(
    encoding: str, p95: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The reporter writes to a stream of the test; the encoding that counts is the terminal's.
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    title, heading, _, row, *_ = printed(pytester, [record(against_base=compared(0.7))], window=120)
    arrow = p95.split()[1]
    assert f" djworkers: main {arrow} the working tree, seed 1 " in title
    assert f"  2,000 {arrow} 1,4" in row
    assert f"  {p95}  " in row
    assert f"  0 {arrow} 0  " in row
    # The arrows' width is that which is printed.
    assert heading.index("interval") + len("interval") == row.index("%  20 ") + 1
    slower = BaselineVerdict(Verdict.REGRESSED, "100 → 50.00 requests/s")
    note = printed(pytester, [record(against_baseline=slower)])[-1]
    assert note.endswith(f": 100 {arrow} 50.00 requests/s")


@pytest.mark.parametrize(("flags", "shown"), [((), False), (("-v",), True)])
def test_details_of_a_comparison_are_shown_with_v(
    flags: tuple[str, ...], shown: bool, pytester: pytest.Pytester
) -> None:
    lines = printed(pytester, [record(against_base=compared(1.0))], None, *flags)
    assert any(line.strip().startswith("noise: ") for line in lines) is shown
    # The noise of the whole run is always said.
    assert lines[-1].startswith("this machine, in this run: ")


def several() -> list[BurstRecord]:
    """Return comparisons of four endpoints, of which two are ok."""
    return [
        record(test=f"test_{name}", result=replace(RESULT, profile=named), against_base=one)
        for name, one in {
            "a": compared(1.0),
            "b": compared(1.3),
            "c": compared(1.0),
            "d": compared(0.7),
        }.items()
        for named in [replace(RESULT.profile, name=f"GET /{name}")]
    ]


def test_the_worst_comparison_comes_first_and_what_is_ok_is_in_one_line(
    pytester: pytest.Pytester,
) -> None:
    lines = printed(pytester, several(), window=80)
    assert [line for line in lines if line.startswith("GET ")] == [
        "GET /d  (test_d)",
        "GET /b  (test_b)",
    ]
    assert lines[3].startswith("  granian  regressed  2,000 → 1,4")
    assert lines[5].startswith("  granian  improved   2,000 → 2,5")
    assert lines[6] == "granian: 2 endpoints ok: GET /a, GET /c"


def test_nothing_is_folded_with_v(pytester: pytest.Pytester) -> None:
    lines = printed(pytester, several(), None, "-v", window=80)
    assert [line[5] for line in lines if line.startswith("GET ")] == ["d", "b", "a", "c"]
    assert not any("endpoints ok" in line for line in lines)


def test_a_comparison_that_is_all_ok_has_no_heading(pytester: pytest.Pytester) -> None:
    a, _, c, _ = several()
    title, line, noise = printed(pytester, [a, c])
    assert "djworkers: main → the working tree" in title
    assert line == "granian: 2 endpoints ok: GET /a, GET /c"
    assert noise.startswith("this machine")


RED, GREEN, YELLOW = "\x1b[31m", "\x1b[32m", "\x1b[33m"


@pytest.mark.parametrize(
    ("one", "painted"),
    [
        (record(against_base=compared(0.7)), f"{RED}regressed"),
        (record(against_base=compared(1.3)), f"{GREEN}improved"),
        (record(against_base=compared(1.0)), f"{GREEN}ok"),
        (record(against_baseline=REGRESSED), f"{RED}-50.0%"),
        (record(against_baseline=replace(REGRESSED, fails=False)), f"{YELLOW}-50.0%"),
        (record(against_baseline=BaselineVerdict(Verdict.NOT_COMPARED, "")), f"{YELLOW}not com"),
        (record(limits=(LimitOutcome("x", "errors: 3"),)), f"{RED}    missed: errors: 3"),
    ],
)
def test_a_verdict_has_a_color(one: BurstRecord, painted: str, pytester: pytest.Pytester) -> None:
    lines = printed(pytester, [one], window=80, colored=True)
    assert any(painted in line for line in lines[2:5])
    # Colors take no room.
    plain = printed(pytester, [one], window=80)
    assert [len(line) for line in lines if "\x1b" not in line] == [
        len(line) for line, other in zip(plain, lines, strict=True) if "\x1b" not in other
    ]


def test_each_sign_is_explained_once(pytester: pytest.Pytester) -> None:
    starved = record("gunicorn-gevent", result=STARVED)
    lines = printed(pytester, [starved, record(), starved])
    explained = [line for line in lines if line.startswith(("starved: ", "unfair: "))]
    assert [line.partition(":")[0] for line in explained] == ["starved", "unfair"]
    assert (
        "  gunicorn-gevent held 391 of 2,000 connections here: try burst(connections=390), or"
        " granian, which was not starved"
    ) in lines
    # -q leaves out all that is not a result.
    quiet = printed(pytester, [starved], None, "-q")
    assert any("starved, unfair" in line for line in quiet)
    assert not any(line.startswith("starved: ") for line in quiet)


def test_a_sign_that_has_no_room_is_not_explained(pytester: pytest.Pytester) -> None:
    unknown = replace(WRK, connections=Connections(requested=8, at_work=8.0))
    one = record("gunicorn-gevent", result=unknown)
    assert printed(pytester, [one], window=100)[-1].startswith("-/N: ")
    assert not any("-/N" in line for line in printed(pytester, [one], window=60))
