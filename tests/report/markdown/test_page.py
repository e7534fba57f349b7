"""The report in Markdown: verdicts first, everything escaped, and never too long for its place."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.load.facts import Usage
from pytest_djworkers.record import BurstRecord, LimitOutcome
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.markdown.page import (
    CHANGED,
    MARKER,
    UNCHANGED,
    render,
    render_within,
    title,
)
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import NOTHING, compared
from tests.support.documents import document, outcome
from tests.support.explanations import EXPLAINED, HARDLY_WAITS
from tests.support.results import BASE_QUERIES, MIX, RESULT, SCANNING_QUERIES, record

EVIL = "</details>|@all <!-- pytest-djworkers --> `a` ![x](http://a.b/c) #12 <b>"
MISSED = "requests/s: 100, limit min_rps(200), 100 (50%) short"
LIMITS = (LimitOutcome("max_errors(0)"), LimitOutcome("min_rps(200)", MISSED))


def failing(backend: str = "granian", **changes: Any) -> BurstRecord:
    return record(backend, limits=LIMITS, failures=(MISSED,), **changes)


def of_everything(name: str = "GET /json") -> Document:
    """A comparison with a burst of each standing, and a test that failed before its burst."""
    result = replace(RESULT, profile=replace(RESULT.profile, name=name))
    records = (
        record(test="test_ok", result=result, against_base=compared(1.0)),
        record(test="test_nothing", result=result, against_base=NOTHING),
        record(test="test_faster", result=result, against_base=compared(1.4)),
        record(test="test_slower", result=result, against_base=compared(0.7)),
    )
    login = replace(
        outcome(record(test="test_login")),
        outcome="error",
        line=3,
        message="def test_login():\n>   assert user\nE   AssertionError: no user\nE   hint\n",
        log=("a ``` in the log", "</details>", "/close"),
    )
    made = document(*records)
    return replace(made, tests=(*made.tests, login))


def headings(text: str) -> list[str]:
    return [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables of a text: rows of cells, the headings first."""
    found: list[list[list[str]]] = []
    before = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        before = line
    return [[rows[0], *rows[2:]] for rows in found]


def test_verdicts_come_first_and_what_is_ok_is_folded() -> None:
    text = render(of_everything())
    assert headings(text) == [
        "Load tests: 1 failed before any burst, 1 regressed, 1 improved, 1 not compared, 1 ok",
        "Failed before any burst",
        "Regressed",
        "Improved",
        "Not compared",
        "How it was measured",
    ]
    assert text.index("<details><summary>1 ok</summary>") < text.index("test_ok")


def test_a_test_that_failed_before_any_burst_has_its_place_reason_and_log() -> None:
    text = render(of_everything())
    assert (
        "- **test_login[granian] (test_site.py:3)**\n  - AssertionError: no user\n  - hint\n"
        in text
    )
    assert "````text\na ``` in the log\n</details>\n /close\n````" in text


def test_a_comparison_shows_both_figures_the_interval_and_what_could_be_seen() -> None:
    text = render(document(record(against_base=compared(0.7))))
    (table,) = tables(text)
    assert table[0] == [
        *("endpoint", "server", "requests/s", "change", "interval", "visible from", "took")
    ]
    endpoint, server, speeds, change, interval, visible, took = table[1]
    assert (endpoint, server) == ("GET /json (test_json)", "granian")
    assert re.fullmatch(r"2,000 → 1,\d\d\d", speeds)
    assert re.fullmatch(r"-\d\d\.\d%", change)
    assert re.fullmatch(r"-\d\d\.\d% to -\d\d\.\d%", interval)
    assert re.fullmatch(r"\d\.\d+%", visible)
    assert took == "1m"
    assert "  - regressed: requests/s -" in text
    assert "  - regressed: p95 +" in text


def test_a_comparison_has_the_functions_that_differ_folded_at_the_end() -> None:
    explained = record(against_base=compared(0.7, explanation=EXPLAINED))
    text = render(document(explained, record(against_base=compared(1.0))))
    summary = "granian: time per request by function</summary>"
    assert text.index("1 ok</summary>") < text.index(summary) < text.index("| burn")
    (functions,) = (one for one in tables(text) if one[0][0] == "function")
    assert functions[1][:4] == ["burn", "+4ms", "+3.9ms to +4.1ms", "certain, edited"]
    assert len(functions) == 21
    hardly = record(against_base=compared(0.7, explanation=HARDLY_WAITS))
    assert "time per request by function" not in render(document(hardly))


def test_a_comparison_has_the_statements_that_differ_folded() -> None:
    slower = compared(0.7, base_queries=BASE_QUERIES)
    counted = record(result=replace(RESULT, queries=SCANNING_QUERIES), against_base=slower)
    text = render(document(counted))
    summary = "<details><summary>GET /json (test_json), granian: queries 3 → 43</summary>"
    _, statements = tables(text)
    assert text.index("  - regressed: ") < text.index(summary) < text.index("| SELECT")
    assert [row[:4] for row in statements] == [
        ["statement", "times", "time", "ran by"],
        ["SELECT ?", "2", "1 → 20 ms", "shop/views.py:32"],
        ['SELECT "id" FROM "auth_user" WHERE "id" = ?', "0 → 40", "- → 8 ms", "shop/views.py:31"],
        ["INSERT INTO log VALUES (?, …)", "0 → 1", "- → 1 ms", ""],
        ["DELETE FROM log", "1 → 0", "1 ms → -", "shop/views.py:13"],
    ]
    assert "Seq Scan on shop" in statements[1][4]
    # What is as it was is no news, and a mix has no request of its own.
    same = replace(counted, against_base=compared(0.7, base_queries=SCANNING_QUERIES))
    assert len(tables(render(document(same)))) == 1
    mix = replace(counted, result=replace(MIX, queries=SCANNING_QUERIES))
    assert len(tables(render(document(mix)))) == 1


def test_a_figure_that_is_not_known_leaves_no_column() -> None:
    (table,) = tables(render(document(record(against_base=NOTHING))))
    assert table == [
        ["endpoint", "server", "took"],
        ["GET /json (test_json)", "granian", "500ms"],
    ]


def test_bursts_are_by_endpoint_with_a_row_per_backend() -> None:
    usage = Usage(9.5, 45_000_000, 2, 2, 0, 0)
    text = render(
        document(
            record(result=replace(RESULT, usage=usage), limits=LIMITS[:1]),
            failing("gunicorn-gevent"),
            record(test="test_two"),
        )
    )
    assert headings(text) == [
        "Load tests: 1 failed, 2 passed",
        "Failed",
        "GET /json (test_json)",
        "GET /json (test_two)",
        "How it was measured",
    ]
    assert f"- **GET /json (test_json), gunicorn-gevent**: {MISSED}\n" in text
    assert "8 connections for 10s, timeout 2s, fired by asyncio\n" in text
    first, second = tables(text)
    assert first[0] == [
        *("server", "result", "requests/s", "p50", "p99", "timeouts", "errors", "CPU/request"),
        "memory",
    ]
    assert first[1] == [
        *("granian", "passed", "100", "1ms", "300ms", "10", "0", "9.5ms", "45MB"),
    ]
    assert first[2][:2] == ["gunicorn-gevent", "failed"]
    assert second[1][0] == "granian"
    assert "- **limits, granian**: max_errors(0)\n" in text
    assert "- **limits, gunicorn-gevent**: max_errors(0), min_rps(200)\n" in text


def test_each_line_of_a_reason_stays_in_its_list() -> None:
    why = "no expected response: 3 status 404\n    the first response: # Not Found"
    text = render(document(record(failures=(why, "a second reason"))))
    assert (
        "- **GET /json (test_json), granian**\n  - no expected response: 3 status 404\n"
        "  - the first response: # Not Found\n  - a second reason\n" in text
    )


def test_a_loss_against_the_baseline_is_said_and_both_figures_are_shown() -> None:
    loss = BaselineVerdict(Verdict.REGRESSED, "why", ratio=0.5)
    stored = StoredFigures(200.0, 0.002, None, 1, 2, "2026-01-02T03:04:05+00:00")
    text = render(document(record(against_baseline=loss, stored=stored)))
    assert headings(text)[:2] == ["Load tests: 1 regressed", "Regressed"]
    assert "- **GET /json (test_json), granian**: regressed (a warning): why\n" in text
    (table,) = tables(text)
    row = dict(zip(*table, strict=True))
    assert row["baseline → now"] == "200 → 100 (-50.0%)"
    assert row["result"] == "regressed"


def test_remarks_stand_in_the_row_and_are_explained_once() -> None:
    bound = replace(RESULT, generator=replace(RESULT.generator, cpu_share=1.0))
    text = render(document(record(result=bound, attempt=2), record("uvicorn", result=bound)))
    (table,) = tables(text)
    assert [row[-1] for row in table] == [
        "remarks",
        "generator-bound, rerun (attempt 2)",
        "generator-bound",
    ]
    _, _, meanings = text.partition("<summary>what the remarks mean</summary>")
    assert meanings.count("- generator-bound: ") == 1
    assert "what the remarks mean" not in render(document(record()))
    rerun = record(against_base=compared(1.0, responses_differ="differ"), attempt=2)
    (table,) = tables(render(document(rerun)))
    assert table[1][-1] == "responses differ, rerun (attempt 2)"


def test_servers_are_compared_by_endpoint_and_the_fastest_comes_first() -> None:
    arms = {"of_backends": True}
    records = [
        record(name, against_base=compared(ratio, labels=("granian", name), **arms))
        for name, ratio in (("uvicorn", 0.7), ("daphne", 1.4))
    ]
    text = render(document(*records))
    assert headings(text)[:2] == ["Load tests: 2 measured", "GET /json (test_json)"]
    assert UNCHANGED in text, "that a server is slower is no regression"
    assert "All against granian, whose figure stands before the arrow." in text
    (table,) = tables(text)
    assert [(row[0], row[-1]) for row in table] == [
        ("server", "verdict"),
        ("daphne", "faster"),
        ("uvicorn", "slower"),
    ]


def test_a_calibration_has_the_tolerance_that_its_noise_asks_for() -> None:
    text = render(document(record(against_base=compared(1.0, is_judged=False))))
    (table,) = tables(text)
    assert table[0][-1] == "tolerance to set"
    assert re.fullmatch(r"\d+(\.\d+)?%", table[1][-1])
    assert UNCHANGED in text
    short = render(document(record(against_base=compared(1.0, is_judged=False, rounds=()))))
    assert tables(short)[0][0][-1] != "tolerance to set"


def test_what_was_measured_where_and_with_what_comes_last() -> None:
    _, _, end = render(of_everything()).partition("### How it was measured\n")
    for line in (
        "- **commit**: 0123456789\n",
        "- **compared**: the working tree with main, seed 1, tolerance 10%\n",
        "- **date**: 2026-01-02 03:04 UTC\n",
        "- **machine**: AMD EPYC 7763 64-Core Processor, 2 logical CPUs, no CPU quota,"
        " 8.59GB of memory\n",
        "- **server**: granian 2.8, 2 workers, backlog 1024\n",
        "- **versions**: python 3.11.2, django 5.2.1, pytest-djworkers 0.1.0\n",
        "pytest --djworkers=granian\n",
    ):
        assert line in end


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (record(), UNCHANGED),
        (record(against_base=compared(1.0)), UNCHANGED),
        (record(against_base=NOTHING), UNCHANGED),
        (record(against_base=compared(1.4)), CHANGED),
        (record(against_base=compared(0.7)), CHANGED),
        (failing(), CHANGED),
    ],
)
def test_the_first_lines_tell_a_program_whose_text_it_is_and_if_something_changed(
    one: BurstRecord, state: str
) -> None:
    assert render(document(one)).splitlines()[:2] == [MARKER, state]


def test_a_name_can_add_nothing_but_text() -> None:
    text = render(of_everything(EVIL))
    assert text.count(MARKER) == 1
    tokens = MarkdownIt("gfm-like").parse(text)
    html = [
        line
        for token in tokens
        if token.type == "html_block"
        for line in token.content.split("\n")
        if line
    ]
    assert html == [
        MARKER,
        CHANGED,
        "<details><summary>the server&#x27;s log</summary>",
        "</details>",
        "<details><summary>1 ok</summary>",
        "</details>",
        "<details><summary>the windows and blocks of each comparison</summary>",
        "</details>",
        "<details><summary>the command</summary>",
        "</details>",
    ]
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close"}
    assert "@all" not in text
    assert all(len(row) == len(table[0]) for table in tables(text) for row in table)


def test_a_text_that_is_too_long_ends_with_a_sentence_that_says_so() -> None:
    made = of_everything()
    whole = render(made)
    assert render_within(made, len(whole.encode())) == whole
    for most in range(600, len(whole.encode()), 50):
        cut = render_within(made, most)
        assert len(cut.encode()) <= most
        assert cut.startswith(f"{MARKER}\n{CHANGED}\n## Load tests: 1 failed before any burst")
        assert "is left out" in cut.splitlines()[-1]
        # One more is in the log.
        assert cut.count("<details>") == cut.count("</details>") - cut.count(
            "the server&#x27;s log"
        )
    assert "### Regressed" in cut
    assert "### How it was measured" not in cut


def test_the_title_counts_what_is_neither_measured_nor_passed() -> None:
    made = document(record())
    skipped = replace(outcome(record(test="test_old")), outcome="skipped")
    asserted = replace(outcome(record()), outcome="failed", message="E   assert 1 == 2")
    assert title(replace(made, tests=(skipped,))) == "Load tests: 1 passed, 1 skipped"
    assert title(replace(made, bursts=(), tests=())) == "Load tests: nothing was measured"
    assert title(replace(made, tests=(asserted,))) == "Load tests: 1 failed"
    text = render(replace(made, tests=(asserted,)))
    assert (
        "### Failed by assertions of their own\n\n- **test_json[granian] (test_site.py:7)**" in text
    )


def test_an_interrupted_run_says_so() -> None:
    made = document(record())
    interrupted = replace(made, run=replace(made.run, exit_status=2))
    assert "The run was interrupted" in render(interrupted)
    assert "interrupted" not in render(made)
