"""The results of a run are printed, and written to files."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from pytest_djworkers.report.document_file import read_document
from tests.support.site import Site
from tests.support.steady import steady


def test_the_document_has_every_load_test_whatever_became_of_it(site: Site) -> None:
    site.test(
        """
@pytest.mark.min_rps(1_000_000_000)
def test_slow(burst):
    burst("/json")

def test_before_any_burst(burst):
    raise ValueError("of its own")

@pytest.mark.skip(reason="not today")
def test_skipped(burst):
    pass

def test_without_load():
    pass
"""
    )
    result = site.burst("--djworkers-report=load.json")
    result.assert_outcomes(passed=1, failed=2, skipped=1)
    document = read_document(site.folder / "load.json")
    assert [(one.test.partition("[")[0], one.outcome) for one in document.tests] == [
        ("test_site.py::test_slow", "failed"),
        ("test_site.py::test_before_any_burst", "failed"),
        ("test_site.py::test_skipped", "skipped"),
    ]
    slow, raised, skipped = document.tests
    assert (slow.file, slow.line) == ("test_site.py", 4)
    assert "limit min_rps(1_000_000_000)" in slow.message
    assert "of its own" in raised.message
    assert skipped.message == "Skipped: not today"
    (entry,) = document.bursts
    (limit,) = entry.record.limits
    assert limit.text == "min_rps(1_000_000_000)"
    assert limit.miss.startswith("requests/s: ")
    assert entry.record.failures[0] == limit.miss
    assert entry.figures.rps == entry.record.result.rps > 0
    assert document.run.command[0] == "pytest"
    assert "--djworkers=granian" in document.run.command
    assert document.run.exit_status == 1
    assert document.run.began <= document.run.ended


def test_without_a_load_test_the_files_that_were_asked_for_are_said_to_be_missing(
    site: Site,
) -> None:
    site.test("def test_without_load():\n    pass\n")
    result = site.burst("--djworkers-report=load.json", "--djworkers-save-baseline")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "report not written: *load.json: no load test ran",
            "baseline not saved: no burst was fired",
        ]
    )
    assert not (site.folder / "load.json").exists()


def test_figures_reach_every_output(site: Site) -> None:
    site.test(
        """
@pytest.mark.parametrize("path", ["/json", "/users"])
def test_get(burst, path):
    burst(path)
"""
    )
    result = site.burst("--junit-xml=junit.xml", "--djworkers-report=load.md", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "djworkers: granian *; 1 worker each; generator asyncio",
            "djworkers: these flags override tests and configuration: --djworkers-connections=8 *",
            "djworkers: bursts of 8 connections for 300ms after 100ms of warm-up, timeout 2s",
            "test_site.py::test_get[[]granian-/json[]] PASSED*",
            "*- djworkers, fired by asyncio -*",
            "  backend *requests/s *p50 *p99 *timeouts *errors *served*",
            "GET /json  (test_get[[]/json[]])",
            "  granian *8/8*",
            "GET /users  (test_get[[]/users[]])",
            "  granian *8/8*",
            "report: *load.md",
        ],
        consecutive=False,
    )
    junit = ET.parse(site.folder / "junit.xml")
    properties = {one.get("name"): one.get("value") for one in junit.iter("property")}
    assert float(properties["djworkers GET /json rps"] or 0) > 0
    assert float(properties["djworkers GET /users p50_s"] or 0) > 0
    assert properties["djworkers GET /json errors"] == "0"
    assert properties["djworkers GET /json generator"] == "asyncio"
    report = (site.folder / "load.md").read_text()
    assert "## Load tests: 2 passed" in report
    assert "### GET /users" in report


def test_a_file_that_cant_be_written_fails_the_run(site: Site) -> None:
    site.test(
        """
from pathlib import Path

def test_json(burst):
    burst("/json")
    Path(".djworkers").write_text("a file where the folder should be")
    Path("reports").rmdir()
"""
    )
    (site.folder / "reports").mkdir()
    result = steady(site, 1, "--djworkers-save-baseline", "--djworkers-report=reports/load.md")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "djworkers: baseline *.djworkers/default can't be written: *; nothing was changed",
            "djworkers: report *load.md can't be written: No such file or directory",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
