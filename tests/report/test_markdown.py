from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.report.markdown import render
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.documents import document
from tests.support.results import RESULT, record

STORED = StoredFigures(200.0, 0.002, None, 1, 2, "2026-01-02T03:04:05+00:00")


def test_each_server_has_a_section_and_each_endpoint_a_heading() -> None:
    text = render(
        document(record("gunicorn-gevent"), record("granian"), record("granian", "test_two"))
    )
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Load under real worker backends",
        "## gunicorn-gevent",
        "### GET /json",
        "## granian",
        "### GET /json",
        "### GET /json",
    ]
    assert "Version 2.8, 2 workers, backlog 1024." in text
    assert "8 connections, 10s, timeout 2s; asyncio 3.11 (test_site.py::test_json[granian])" in text


def test_figures_and_stored_figures_are_rows_of_a_table() -> None:
    comparison = BaselineVerdict(Verdict.REGRESSED, "why", fails=True, ratio=0.5)
    text = render(document(record(against_baseline=comparison, stored=STORED)))
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert table == [
        "| generator | requests/s | vs baseline | verdict | p50 | p99 | timeouts | errors | served"
        " | CPU/req. | memory | remarks |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        "| asyncio | 100 | -50.0% | regressed | 1ms | 300ms | 10 | 0 | 8/8 |  |  |  |",
        "| baseline | 200 | 2026-01-02 |  | 2ms | - | 1 | 2 |  |  |  |  |",
    ]
    assert text.endswith(
        "## Notes\n\n- regressed: test_site.py::test_json[granian] GET /json: why\n"
    )


def test_characters_that_markdown_would_interpret_are_escaped() -> None:
    named = replace(RESULT, profile=replace(RESULT.profile, name="a|b<c>\\"))
    assert "### a\\|b&lt;c>\\\\\n" in render(document(record(result=named)))
