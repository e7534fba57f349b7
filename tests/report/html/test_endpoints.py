"""The sections of the HTML report: the servers of an endpoint side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.profiling.explanation import Explanation
from pytest_djworkers.profiling.query_changes import changes_of
from pytest_djworkers.report.html.endpoint_plots import why_no_course
from pytest_djworkers.report.html.endpoints import endpoints
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import NOTHING, compared
from tests.support.documents import document, outcome
from tests.support.explanations import HARDLY_WAITS, SPENT
from tests.support.results import (
    BASE_QUERIES,
    MIX,
    QUERIES,
    RESULT,
    SCANNING_QUERIES,
    STAGED,
    WRK,
    record,
)

STORED = StoredFigures(200.0, 0.002, None, 1, 2, "2026-01-02T03:04:05+00:00")


def test_servers_are_columns_and_a_baseline_stands_behind_its_burst() -> None:
    verdict = BaselineVerdict(Verdict.REGRESSED, "why", ratio=0.5)
    stored = record("waitress", stored=STORED, against_baseline=verdict)
    (section,) = endpoints(document(stored, record("granian")))
    assert section.figures.columns == ("figure", "waitress", "baseline of waitress", "granian")
    rows = {row[0]: row[1:] for row in section.figures.rows}
    assert rows["requests/s"] == ("100", "200", "100")
    assert rows["errors"] == ("0", "2", "0")
    assert "memory" not in rows  # nobody looked at the processes
    assert [cell.word for cell in section.cells] == ["regressed", ""]
    assert section.load == "bursts of 8 connections for 10s after 1s of warm-up, timeout 2s"


def test_a_test_that_fails_by_anything_but_a_loss_has_failed() -> None:
    burst = record(failures=("requests/s: too few",), against_base=compared(1.0))
    test = outcome(burst, log=("the log",))
    (section,) = endpoints(document(burst, tests=(test,)))
    (cell,) = section.cells
    assert (cell.word, cell.is_bad) == ("failed", True)
    assert cell.figure.endswith("%")
    assert section.outcomes == (test,)


def test_plots_are_those_that_the_bursts_have_figures_for() -> None:
    def names(**changes: Any) -> list[str]:
        (section,) = endpoints(document(record(**changes)))
        return [plot.name for plot in section.plots]

    assert names() == ["speeds", "latency", "requests"]
    assert names(result=replace(WRK, series=None)) == ["speeds", "latency"]
    assert names(result=replace(WRK, series=None, latency=None)) == ["speeds"]
    assert names(against_base=compared(1.0)) == ["rounds-of-arms", "ratios"]
    assert names(against_base=NOTHING) == []


def test_the_statements_of_a_request_are_a_table_of_their_own() -> None:
    counted = record(result=replace(RESULT, queries=QUERIES))
    (section,) = endpoints(document(record("waitress"), counted))
    ((summary, table),) = section.statements
    assert summary == "granian: 43 SQL queries per request in 10ms, 40 of them repeated"
    assert table.columns == ("statement", "times", "time", "ran by")
    assert table.rows == (
        ('SELECT "id" FROM "auth_user" WHERE "id" = ?', "40", "8ms", "shop/views.py:31"),
        ("SELECT ?", "2", "1ms", "shop/views.py:32"),
        ("INSERT INTO log VALUES (?, …) (executemany)", "1", "1ms", ""),
    )
    fast = replace(MIX.parts["GET /fast"], queries=QUERIES)
    mix = replace(MIX, parts={**MIX.parts, "GET /fast": fast})
    (section,) = endpoints(document(record(result=mix)))
    ((summary, _),) = section.statements
    assert summary.startswith("granian, GET /fast: 43 SQL queries")
    (parts,) = section.parts
    assert parts.columns[-1] == "queries"
    assert [row[-1] for row in parts.rows] == ["43", ""]
    aliases = {"default": 40, "other": 3}
    counted = record(result=replace(RESULT, queries=replace(QUERIES, by_alias=aliases)))
    (section,) = endpoints(document(counted))
    ((_, table),) = section.statements
    assert table.columns[-1] == "database"
    assert {row[-1] for row in table.rows} == {"default"}


def test_the_statements_of_a_comparison_have_the_figures_of_both_arms() -> None:
    slower = compared(0.7, base_queries=BASE_QUERIES)
    counted = record(result=replace(RESULT, queries=SCANNING_QUERIES), against_base=slower)
    (section,) = endpoints(document(counted))
    ((summary, table),) = section.statements
    assert summary == "granian: SQL queries 3 → 43 per request, in 2 → 29 ms"
    assert table.columns == ("statement", "times", "time", "ran by", "plan")
    user = QUERIES.statements[0].sql
    assert table.rows == (
        (
            "SELECT ?",
            "2",
            "1 → 20 ms",
            "shop/views.py:32",
            "Limit (1 row) ← Seq Scan on shop_item (200,000 rows); before: Index Scan using by_name"
            " on shop_item (1 row)",
        ),
        (user, "0 → 40", "- → 8 ms", "shop/views.py:31", ""),
        ("INSERT INTO log VALUES (?, …)", "0 → 1", "- → 1 ms", "", ""),
        ("DELETE FROM log", "1 → 0", "1 ms → -", "shop/views.py:13", ""),
    )
    two = replace(BASE_QUERIES, statements=(replace(BASE_QUERIES.statements[0], alias="other"),))
    counted = replace(counted, against_base=replace(slower, base_queries=two))
    ((_, table),) = endpoints(document(counted))[0].statements
    assert table.columns == ("statement", "times", "time", "ran by", "database", "plan")
    assert ("other", "before: Index Scan using by_name on shop_item (1 row)") in {
        row[-2:] for row in table.rows
    }
    # Of a mix, the part that changed most has both arms' figures, and the others have head's.
    parts = {name: replace(one, queries=BASE_QUERIES) for name, one in MIX.parts.items()}
    found = replace(changes_of(BASE_QUERIES, SCANNING_QUERIES), part="GET /fast")
    explained = replace(slower, explanation=Explanation(2, (5, 5), queries=found))
    mix = record(result=replace(MIX, parts=parts), against_base=explained)
    assert [summary for summary, _ in endpoints(document(mix))[0].statements] == [
        "granian: SQL queries of GET /fast 3 → 43 per request, in 2 → 29 ms",
        "granian, the slow one: 3 SQL queries per request in 10ms, 1 of them repeated",
    ]
    # The plans of a burst that is no comparison.
    counted = record(result=replace(RESULT, queries=BASE_QUERIES))
    ((_, table),) = endpoints(document(counted))[0].statements
    assert table.columns == ("statement", "times", "time", "ran by", "plan")
    assert table.rows[0][-1] == "Index Scan using by_name on shop_item (1 row)"


def test_the_functions_of_a_server_are_those_of_its_profile() -> None:
    (section,) = endpoints(document(record(time_spent=SPENT), record("waitress")))
    (times,) = section.times
    assert (times.server, len(times.flames), times.others.rows) == ("granian", 2, ())
    assert times.functions.columns == ("function", "time", "share", "of", "file")
    hardly = record(against_base=compared(0.7, explanation=HARDLY_WAITS))
    (section,) = endpoints(document(hardly))
    assert section.times == ()


def test_stages_have_a_table_for_each_server() -> None:
    (section,) = endpoints(document(record("waitress", result=STAGED), record("granian")))
    assert section.load.endswith("timeout 2s, 2 stages: 4 connections to 8 connections")
    (table,) = section.parts
    assert table.columns[:2] == ("stage, waitress", "requests/s")
    assert table.rows[0] == ("stage 1: 4 connections", "188", "1ms", "-", "0", "0")


def test_a_missing_course_of_the_burst_has_its_reason() -> None:
    assert why_no_course([record()]) == ""
    by_wrk = record(result=replace(WRK, series=None))
    assert "of granian: wrk does not tell" in why_no_course([record("waitress"), by_wrk])
    assert "the generator was asyncio" in why_no_course(
        [record(result=replace(RESULT, series=None))]
    )
    in_rounds = record(result=replace(RESULT, series=None), against_base=compared(1.0))
    assert why_no_course([in_rounds]) == ""
