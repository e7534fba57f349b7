"""Runs with a budget: who has a turn, when, and that each test is reported once."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.support.paced import Course, paced, turns
from tests.support.site import Site

TESTS = """
import os

made = []


@pytest.fixture(scope="session")
def for_the_run():
    made.append("run")
    yield
    assert made.count("run") == 1


@pytest.fixture(scope="module")
def for_the_module(for_the_run):
    yield


def test_quick(burst):
    burst("/json", name="quick")


def test_slower(burst, for_the_module, record_property):
    record_property("own", "once")
    print("printed")
    burst("/json", name="slower")
    burst("/json", name="beside it")


def test_no_load(for_the_run):
    pass


def test_much_slower(burst, for_the_module):
    burst("/json", name="much slower")


def test_last_without_load():
    pass
"""
COURSES = {
    "quick": Course(4),
    "slower": Course(6, 0.95),
    "beside it": Course(4),
    "much slower": Course(7, 0.8),
}


def test_the_worst_goes_on_first_and_each_test_is_reported_once(revisions: Site) -> None:
    revisions.test(TESTS)
    result = paced(
        revisions,
        COURSES,
        "--djworkers-compare-budget=10m",
        "--junitxml=junit.xml",
        "-ojunit_family=xunit1",
        "-v",
        "-rP",
        "--durations=0",
    )
    result.stdout.fnmatch_lines(
        [
            "djworkers: 3 load tests, about 2 minutes, within --djworkers-compare-budget=10m",
            "djworkers: 3m 30s of --djworkers-compare-budget=10m used",
        ]
    )
    result.assert_outcomes(passed=5)
    assert turns(revisions) == [
        "quick 4",
        "slower 4",
        "beside it 4",
        "much slower 4",
        "much slower 7",
        "slower 6",
    ]
    text = result.stdout.str()
    assert text.count(" PASSED ") == 5
    assert "[100%]" in text
    assert text.count("printed") == 1
    assert "rerun (attempt" not in text
    cases = ET.parse(revisions.folder / "junit.xml").findall(".//testcase")
    assert len(cases) == 5
    (slower,) = (case for case in cases if "test_slower" in str(case.get("name")))
    names = [one.get("name") for one in slower.iter("property")]
    assert names.count("own") == 1
    assert len(set(names)) == len(names)
    assert "inconclusive" not in text


def test_what_is_open_when_the_time_is_over_is_inconclusive_and_says_so(revisions: Site) -> None:
    revisions.test(TESTS)
    courses = {**COURSES, "much slower": Course(99, 0.8)}
    result = paced(revisions, courses, "--djworkers-compare-budget=220s", "--djworkers-strict")
    # The worst leaves the other one time for a look, and both are ended by the budget.
    result.assert_outcomes(passed=3, failed=2)
    assert turns(revisions)[-2:] == ["much slower 9", "slower 5"]
    result.stdout.fnmatch_lines(
        [
            "*inconclusive*ended by --djworkers-compare-budget=3m 40s*",
            "*-budget=3m 40s used; without a verdict when the run ended: *test_much*test_slower*",
        ]
    )


def test_a_budget_without_time_for_a_look_at_each_test_ends_the_run_at_once(
    revisions: Site,
) -> None:
    revisions.test(TESTS)
    result = paced(revisions, COURSES, "--djworkers-compare-budget=20s")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: --djworkers-compare-budget=20s is too short for a first look at each of 3 load*"]
    )
    assert turns(revisions) == []


def test_a_regression_in_a_first_turn_ends_a_run_with_maxfail(revisions: Site) -> None:
    revisions.test(TESTS)
    courses = {**COURSES, "slower": Course(99, 0.95), "much slower": Course(2, 0.4, "regressed")}
    result = paced(revisions, courses, "--djworkers-compare-budget=10m", "-x", "-v")
    result.assert_outcomes(passed=3, failed=1)
    assert turns(revisions)[-1] == "much slower 2"
    result.stdout.fnmatch_lines(
        [
            "*test_much_slower* FAILED*",
            "*test_slower* PASSED*",
            "*regressed: *",
            "*inconclusive: *test_slower* the run ended before there was time for more than this*",
        ]
    )


def test_what_was_compared_before_maxfail_is_in_the_summary(revisions: Site) -> None:
    revisions.test(TESTS)
    courses = {**COURSES, "beside it": Course(4, 0.7, "regressed")}
    result = paced(revisions, courses, "-x")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.re_match_lines(
        [r"  granian .* regressed .*", "granian: 2 endpoints ok: quick, slower", "regressed: .*"]
    )


@pytest.mark.matrix
def test_a_plugin_that_runs_tests_again_gets_them_and_they_have_one_turn(revisions: Site) -> None:
    revisions.test(
        TESTS
        + """

@pytest.mark.flaky(reruns=1)
def test_flaky(burst):
    burst("/json", name="flaky")
    made.append("flaky")
    assert made.count("flaky") == 2


def test_fails_itself(burst):
    burst("/json", name="fails itself")
    assert 0
"""
    )
    courses = {**COURSES, "flaky": Course(5), "fails itself": Course(8)}
    result = paced(revisions, courses, "--djworkers-compare-budget=20m", "-p", "no:pytest-retry")
    result.stdout.fnmatch_lines(["*1 failed, 6 passed, 1 rerun*"])
    result.stdout.no_fnmatch_line("*inconclusive*flaky*")
    seen = turns(revisions)
    assert seen.count("flaky 5") == 2
    assert [turn for turn in seen if turn.startswith("fails")] == ["fails itself 4"]


@pytest.mark.matrix
def test_the_next_run_knows_what_the_tests_took(revisions: Site) -> None:
    revisions.test(TESTS)
    paced(revisions, COURSES, "-p", "cacheprovider").assert_outcomes(passed=5)
    again = paced(revisions, COURSES, "-p", "cacheprovider", "-v")
    # Made-up comparisons take no time.
    again.stdout.fnmatch_lines(
        [
            "djworkers: 3 load tests, about 10 seconds, 3 of them timed in earlier runs",
            "djworkers: the load tests took *; expected: about 10 seconds",
        ]
    )
    quiet = paced(revisions, COURSES, "-q")
    quiet.stdout.no_fnmatch_line("*load tests, about*")
