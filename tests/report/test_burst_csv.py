"""CSV: a row per burst, with columns that stay where they are."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.record import LimitOutcome
from pytest_djworkers.report.burst_csv import COLUMNS, as_csv
from pytest_djworkers.report.document import Document
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import NOTHING, compared
from tests.support.documents import document
from tests.support.results import MIX, QUERIES, RESULT, STAGED, record


def read(made: Document) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(made)), strict=True))


def test_a_burst_has_its_test_its_load_and_its_figures() -> None:
    limits = (LimitOutcome("min_rps(9)", "few"),)
    (row,) = read(document(record(limits=limits, failures=("few", "so few"))))
    assert {name: value for name, value in row.items() if value} == {
        "test": "test_site.py::test_json[granian]",
        "burst": "GET /json",
        "backend": "granian",
        "outcome": "failed",
        "standing": "failed",
        "failures": "few; so few",
        "attempt": "1",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "began": "2026-01-02T03:04:05+00:00",
        "server_version": "2.8",
        "workers": "2",
        "generator": "asyncio",
        "connections": "8",
        "duration_s": "10.0",
        "timeout_s": "2.0",
        "rps": "100.0",
        "p50_s": "0.001",
        "p90_s": "0.02",
        "p95_s": "0.02",
        "p99_s": "0.3",
        "max_s": "0.3",
        "requests": "1000",
        "timeouts": "10",
        "errors": "0",
    }


def test_a_mix_has_a_row_for_each_of_its_parts() -> None:
    whole, fast, slow = read(document(record(result=MIX)))
    assert [row["part"] for row in (whole, fast, slow)] == ["", "GET /fast", "the slow one"]
    assert {row["burst"] for row in (whole, fast, slow)} == {"mix of 2"}
    assert [row["rps"] for row in (whole, fast, slow)] == ["100.0", "75.0", "25.0"]
    assert (slow["timeouts"], slow["requests"], slow["p50_s"]) == ("10", "250", "0.02")


def test_the_queries_of_a_request_have_columns() -> None:
    (row,) = read(document(record(result=replace(RESULT, queries=QUERIES))))
    assert (row["queries"], row["query_time_s"]) == ("43", "0.01")


def test_a_burst_has_a_row_for_each_of_its_stages() -> None:
    whole, first, second = read(document(record(result=STAGED)))
    assert [row["stage"] for row in (whole, first, second)] == [
        "",
        "stage 1: 4 connections",
        "stage 2: 8 connections",
    ]
    assert [row["connections"] for row in (whole, first, second)] == ["8", "4", "8"]
    assert [row["duration_s"] for row in (whole, first, second)] == ["10.0", "4.0", "6.0"]
    assert [row["rps"] for row in (whole, first)] == ["100.0", "187.5"]
    assert (second["timeouts"], second["requests"], second["p50_s"]) == ("10", "250", "0.02")


def test_a_comparison_has_the_figures_of_both_arms() -> None:
    one, nothing = read(document(record(against_base=compared(0.7)), record(against_base=NOTHING)))
    assert (one["verdict"], one["base"], one["head"]) == ("regressed", "main", "the working tree")
    assert float(one["head_rps"]) < float(one["base_rps"]) == 2000
    assert float(one["change_low"]) < float(one["change"]) < float(one["change_high"]) < 0
    assert 0 < float(one["smallest_visible"]) < 0.1
    assert float(one["head_p95_s"]) > float(one["base_p95_s"]) > 0
    assert (one["base_errors"], one["head_timeouts"], one["took_s"]) == ("0", "0", "60.0")
    assert (nothing["verdict"], nothing["change"], nothing["base_rps"]) == ("not compared", "", "")


def test_the_stored_figures_stand_beside_those_of_the_burst() -> None:
    stored = StoredFigures(200.0, 0.002, None, 1, 2, "2026-01-02T03:04:05+00:00")
    loss = BaselineVerdict(Verdict.REGRESSED, "why", ratio=0.5)
    (row,) = read(document(record(against_baseline=loss, stored=stored)))
    assert (row["baseline_rps"], row["baseline_p50_s"], row["baseline_p99_s"]) == (
        *("200.0", "0.002", ""),
    )
    assert row["baseline_verdict"] == "regressed"


def test_the_columns_are_the_same_whatever_was_measured() -> None:
    for made in (document(), document(record()), document(record(against_base=NOTHING))):
        assert as_csv(made).splitlines()[0] == ",".join(COLUMNS)
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_a_name_adds_neither_a_line_nor_a_formula() -> None:
    evil = replace(RESULT, profile=replace(RESULT.profile, name='=1+1",\n"b"'))
    text = as_csv(document(record(result=evil)))
    assert len(text.splitlines()) == 2
    (row,) = read(document(record(result=evil)))
    assert row["burst"] == """'=1+1", "b\""""
