from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.legend import Sign
from pytest_djworkers.load.facts import Connections, Usage
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.report.burst_rows import rows
from pytest_djworkers.report.summary import notes
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.results import MIX, QUERIES, RESULT, STAGED, UNFAIR, WRK, record

STORED = StoredFigures(
    200.0, 0.002, None, 1, 2, "2026-01-02T03:04:05+00:00", cpu_per_request_s=0.0026
)


def cells(result: BurstResult) -> Mapping[str, str]:
    """Return the cells of a result's row, by column."""
    (row,) = rows([record(result=result)])
    return row.cells


def test_the_row_of_a_burst_has_its_figures() -> None:
    assert cells(RESULT) == {
        "backend": "granian",
        "generator": "asyncio",
        "requests/s": "100",
        "vs baseline": "",
        "verdict": "",
        "p50": "1ms",
        "p99": "300ms",
        "timeouts": "10",
        "errors": "0",
        "served": "8/8",
        "CPU/req.": "",
        "memory": "",
        "queries": "",
        "remarks": "",
    }


@pytest.mark.parametrize(
    ("result", "column", "text"),
    [
        (replace(RESULT, latency=None), "p50", "-"),
        (replace(RESULT, unexpected=1500, error=1), "errors", "1,501"),
        (replace(RESULT, connections=Connections(requested=2000)), "served", "-/2,000"),
        (replace(RESULT, connections=Connections(requested=8, served=3)), "served", "3/8"),
        (replace(RESULT, connections=Connections(requested=8, at_work=1)), "remarks", "starved"),
        (UNFAIR, "remarks", "unfair"),
        (
            replace(
                RESULT,
                generator=replace(RESULT.generator, cpu_share=0.99),
                connections=Connections(requested=8, at_work=1),
            ),
            "remarks",
            "starved, generator-bound",
        ),
        (replace(RESULT, usage=Usage(0.5, 150_000_000, 2, 2, 0, 0)), "memory", "150MB"),
        (replace(RESULT, ok=990, late=10, usage=Usage(0.5, 1, 2, 2, 0, 0)), "CPU/req.", "500us"),
        (replace(RESULT, queries=QUERIES), "queries", "43"),
        # wrk doesn't count requests that never end, and a starved burst has some.
        (WRK, "timeouts", "10"),
        (replace(WRK, connections=Connections(requested=8, at_work=1)), "timeouts", "10+?"),
    ],
)
def test_an_unusual_result_shows_in_its_column(result: BurstResult, column: str, text: str) -> None:
    assert cells(result)[column] == text


def test_the_parts_of_a_mix_are_rows_below_it_with_the_stored_figures_last() -> None:
    whole, fast, slow, old = rows([record(result=MIX, stored=STORED)])
    assert [row.is_part for row in (whole, fast, slow, old)] == [False, True, True, False]
    assert whole.cells["requests/s"] == "100"
    assert list(fast.cells.values()) == ["  GET /fast", "75.00", "1ms", "-", "0", "0", ""]
    assert list(slow.cells.values()) == ["  the slow one", "25.00", "20ms", "-", "10", "0", ""]


def test_the_queries_of_a_part_are_in_its_row() -> None:
    fast = replace(MIX.parts["GET /fast"], queries=QUERIES)
    whole, *parts = rows([record(result=replace(MIX, parts={**MIX.parts, "GET /fast": fast}))])
    assert whole.cells["queries"] == ""
    assert [row.cells["queries"] for row in parts] == ["43", ""]


def test_of_many_parts_those_with_the_most_requests_are_shown() -> None:
    figures = MIX.parts["GET /fast"]
    parts = {f"part {number}" + "x" * 90: replace(figures, share=number) for number in range(12)}
    _, *found, others = rows([record(result=replace(MIX, parts=parts))])
    assert [row.cells["backend"].rstrip("x.") for row in found] == [
        f"  part {number}" for number in range(2, 12)
    ]
    assert found[0].cells["backend"].endswith("xxx...")
    assert others.cells["backend"] == "  2 more parts"


def test_the_stages_are_rows_below_their_burst() -> None:
    whole, first, second, old = rows([record(result=STAGED, stored=STORED)])
    assert [row.is_part for row in (whole, first, second, old)] == [False, True, True, False]
    assert list(first.cells.values()) == [
        "  stage 1: 4 connections",
        "188",
        "1ms",
        "-",
        "0",
        "0",
        "",
    ]
    assert second.cells["requests/s"] == "41.67"
    many = replace(STAGED, stages=STAGED.stages[:1] * 12)
    *_, last, others = rows([record(result=many)])
    assert last.cells["backend"] == "  stage 1: 4 connections"
    assert others.cells["backend"] == "  2 more stages"


def test_the_stored_figures_are_the_row_below() -> None:
    regressed = BaselineVerdict(Verdict.REGRESSED, "", ratio=0.5)
    new, old = rows([record(stored=STORED, against_baseline=regressed)])
    assert (new.is_stored, old.is_stored) == (False, True)
    assert new.cells["vs baseline"] == "-50.0%"
    assert new.cells["verdict"] == "regressed"
    assert old.texts(list(new.cells)) == [
        "  baseline",
        "",
        "200",
        "2026-01-02",
        "",
        "2ms",
        "-",
        "1",
        "2",
        "",
        "2.6ms",
        "",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("saved", "remark", "date"),
    [
        ("2026-01-02T03:04:05+00:00", "granian was 2.8 and is 2.9", "2026-01-02"),
        ("", "imported: granian / sync/json", ""),
    ],
)
def test_the_date_and_the_remark_of_stored_figures_are_in_their_row(
    saved: str, remark: str, date: str
) -> None:
    _, old = rows([record(stored=replace(STORED, saved=saved, remark=remark))])
    assert (old.cells["vs baseline"], old.cells["remarks"]) == (date, remark)


def test_without_a_ratio_the_verdict_is_shown() -> None:
    (row,) = rows([record(against_baseline=BaselineVerdict(Verdict.NOT_COMPARED, "why"))])
    assert (row.cells["vs baseline"], row.cells["verdict"]) == ("not compared", "")


def test_the_row_of_a_rerun_is_marked() -> None:
    (row,) = rows([record(result=UNFAIR, attempt=2)])
    assert row.cells["remarks"] == "unfair, rerun (attempt 2)"
    assert row.signs["remarks"] == [Sign.UNFAIR, Sign.RERUN]


@pytest.mark.parametrize(
    ("result", "column", "sign"),
    [
        (replace(RESULT, latency=None), "p50", Sign.UNKNOWN),
        (replace(RESULT, latency=Latency(((1_000, 900),))), "p99", Sign.UNKNOWN),
        (replace(WRK, connections=Connections(requested=8)), "timeouts", Sign.MAY_BE_MORE),
        (replace(WRK, connections=Connections(requested=8)), "served", Sign.SERVED_UNKNOWN),
        (replace(RESULT, ok=0, late=0, usage=Usage(0.5, 1, 2, 2, 0, 0)), "CPU/req.", Sign.UNKNOWN),
    ],
)
def test_a_figure_with_a_sign_has_it_explained(
    result: BurstResult, column: str, sign: Sign
) -> None:
    (row,) = rows([record(result=result)])
    assert row.signs[column] == [sign]
    # The sign is in the cell: an N in it stands for a figure.
    assert sign.shown.replace("N", "") in row.cells[column]


def test_figures_that_are_known_have_no_sign() -> None:
    (row,) = rows([record()])
    assert not any(row.signs.values())


def test_every_verdict_but_ok_has_a_note() -> None:
    def note(verdict: Verdict, *, fails: bool = False) -> list[str]:
        return notes([record(against_baseline=BaselineVerdict(verdict, "why", fails=fails))])

    assert note(Verdict.OK) == notes([record()]) == []
    test = "test_site.py::test_json[granian] GET /json: why"
    assert note(Verdict.IMPROVED) == [f"improved: {test}"]
    assert note(Verdict.NOT_COMPARED) == [f"not compared: {test}"]
    assert note(Verdict.REGRESSED, fails=True) == [f"regressed: {test}"]
    assert note(Verdict.REGRESSED) == [f"regressed (a warning): {test}"]
