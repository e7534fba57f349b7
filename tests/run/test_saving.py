"""Bursts are saved as a baseline, and later runs are compared with it."""

from __future__ import annotations

import pytest

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import save
from tests.support.results import RESULT
from tests.support.site import GENTLE, Site
from tests.support.steady import baseline_file, steady, stored_sessions
from tests.support.stored_baselines import burst_of

ONE_BURST = """
def test_json(burst):
    burst("/json")
"""


TEST_JSON = "test_site.py::test_json[granian]"


def test_a_baseline_is_saved_and_the_next_run_is_compared_with_it(site: Site) -> None:
    site.test(ONE_BURST)
    saved = steady(site, 1000, "--djworkers-save-baseline")
    saved.assert_outcomes(passed=1)
    saved.stdout.fnmatch_lines(
        ["djworkers: saves baseline 'default'", "baseline saved: 1 burst in .djworkers/default/*"]
    )
    assert stored_sessions(site) == {"test_site.py::test_json[granian] GET /json": 1}

    better = steady(site, 1250)
    better.assert_outcomes(passed=1)
    better.stdout.re_match_lines(
        [
            r"djworkers: baseline 'default' with 1 burst, tolerance 10%",
            r"  backend .* requests/s  vs baseline .*",
            r"  granian .* 1,250  +\+25\.0% .*",
            r"    baseline .* 1,000  +\d{4}-\d\d-\d\d  .*",
            r"improved: test_site.py::test_json\[granian\] GET /json: .*",
        ]
    )

    tripped = steady(site, 499)
    tripped.assert_outcomes(failed=1)
    tripped.stdout.fnmatch_lines(
        [
            "GET /json: regressed: 1,000 → 499 requests/s (-50.1%),"
            " worse by more than a factor of 2",
            "regressed: *",
        ]
    )
    steady(site, 499, "--djworkers-baseline=other").assert_outcomes(passed=1)
    steady(site, 499, "--djworkers-save-baseline").assert_outcomes(passed=1)
    assert list(stored_sessions(site).values()) == [2]


@pytest.mark.matrix
def test_a_baseline_of_another_machine_is_reported_and_not_compared(site: Site) -> None:
    site.test(ONE_BURST)
    sessions = {f"{TEST_JSON} GET /json": burst_of(RESULT)}
    save(site.folder, "default", Machine("Another CPU", 640, None), sessions)
    result = steady(site, 1)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "djworkers: baseline 'default' with 0 bursts and those of 1 other machine, tolerance *",
            "  granian *not compared*",
            "not compared: *: stored on another machine only: CPU was Another CPU and is *,"
            " logical CPUs was 640 and is *",
        ]
    )


@pytest.mark.matrix
def test_two_runs_can_save_at_the_same_time(site: Site) -> None:
    site.test(
        """
@pytest.mark.parametrize("number", range(2))
def test_json(burst, number):
    burst("/json")
"""
    )
    runs = [
        site.start("--djworkers=granian", *GENTLE, "--djworkers-save-baseline", "-k", number)
        for number in ("0", "1")
    ]
    for run in runs:
        said, _ = run.communicate(timeout=120)
        assert run.returncode == 0, said
    assert sorted(stored_sessions(site).values()) == [1, 1]
    assert list(baseline_file(site).parent.iterdir()) == [baseline_file(site)]


@pytest.mark.matrix
def test_a_burst_without_an_expected_response_is_not_saved(site: Site) -> None:
    site.test(ONE_BURST)
    result = steady(site, 0, "--djworkers-save-baseline")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["baseline not saved: *: the test did not pass"])
    assert not (site.folder / ".djworkers").exists()


def test_a_loss_beyond_the_tolerance_warns_and_fails_a_test_with_a_limit(site: Site) -> None:
    text = """
def test_warns(burst):
    burst("/json")

@pytest.mark.max_regression("15%")
def test_allows(burst):
    burst("/json")

@pytest.mark.max_regression("12%")
def test_fails(burst):
    burst("/json")

def test_other_conditions(burst):
    burst("/json"{timeout})
"""
    site.test(text.format(timeout=""))
    steady(site, 1000, "--djworkers-save-baseline").assert_outcomes(passed=4)
    site.test(text.format(timeout=", timeout='1s'") + "\n\ndef test_new(burst): burst('/json')")
    result = steady(site, 860, "--djworkers-tolerance=11%")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        [
            "GET /json: regressed: *(-14.0%), limit max_regression(12%)",
            "regressed (a warning): *::test_warns*(-14.0%), beyond the tolerance of 11%",
            "regressed (a warning): *::test_allows*",
            "regressed: *::test_fails*",
            "not compared: *::test_other_conditions*: timeout_s was 2.0 and is 1.0; 1,000 → 860 *",
            "not compared: *::test_new*: nothing stored for this test on this machine",
        ]
    )


@pytest.mark.matrix
def test_bursts_of_failed_tests_are_not_saved_and_keep_their_baseline(site: Site) -> None:
    site.test(
        """
import os

@pytest.fixture
def breaks():
    yield
    assert "BREAK" not in os.environ

def test_breaks_at_its_end(burst, breaks):
    burst("/json")

def test_fails(burst):
    burst("/json")
    assert "BREAK" not in os.environ

def test_passes(burst):
    burst("/json")

def test_not_run(burst):
    burst("/json")
"""
    )
    steady(site, 1000, "--djworkers-save-baseline").assert_outcomes(passed=4)
    site.pytester._monkeypatch.setenv("BREAK", "1")
    result = steady(site, 1000, "--djworkers-save-baseline", "-k", "not run")
    result.assert_outcomes(passed=2, failed=1, errors=1, deselected=1)
    result.stdout.fnmatch_lines(
        [
            "baseline saved: 1 burst in *",
            "baseline kept as it was: *test_not_run*",
            "baseline not saved: *test_breaks_at_its_end*: the test did not pass",
            "baseline not saved: *test_fails*: the test did not pass",
        ]
    )
    assert {key.split("::")[1].split("[")[0]: n for key, n in stored_sessions(site).items()} == {
        "test_breaks_at_its_end": 1,
        "test_fails": 1,
        "test_not_run": 1,
        "test_passes": 2,
    }
