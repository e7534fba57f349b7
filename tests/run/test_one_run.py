"""A run with backends: judged, reported, stored, and held against what is stored."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from xml.etree import ElementTree as ET

import psutil
import pytest

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.session import burst_of
from pytest_djworkers.baseline.store import save
from tests.support.results import RESULT
from tests.support.site import GENTLE, SETTINGS, Site
from tests.support.steady import baseline_file, steady

ONE_BURST = """
def test_json(burst):
    burst("/json")
"""


TEST_JSON = "test_site.py::test_json[granian]"


def stored_sessions(site: Site) -> dict[str, int]:
    """How many sessions are stored, by test."""
    bursts = json.loads(baseline_file(site).read_text())["bursts"]
    return {key: len(stored["sessions"]) for key, stored in bursts.items()}


# Judged.


def test_all_limits_missed_are_one_failure_without_a_traceback(site: Site) -> None:
    site.test(
        """
@pytest.mark.min_rps(1e9)
@pytest.mark.max_latency(p50="1us", max="1us")
def test_json(burst):
    burst("/json", name="first")
    burst("/json", name="second")
"""
    )
    result = site.burst()
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"first: requests/s: .*, limit min_rps\(1_000_000_000\), .* short",
            r"first: latency p50: .*, limit max_latency\(p50=1us\), .* over",
            r"first: latency max: .*, limit max_latency\(max=1us\), .* over",
            r"first: fired with --djworkers-connections=8 \(instead of 2000\), .*",
            r"second: requests/s: .*",
            r"-+ Captured log of granian -+",
            r"FAILED test_site.py::test_json\[granian\] - Failed: first: requests/s.*",
        ],
        consecutive=False,
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_djworkers/run/*")


def test_limits_and_outcomes_go_together(site: Site) -> None:
    site.test(
        """
import unittest

missed = pytest.mark.min_rps(1e9)

@missed
def test_own_failure_first(burst):
    burst("/json")
    assert "own" == "failure"

@missed
def test_never_bursts(burst):
    pass

@missed
def test_has_no_burst():
    pass

@missed
@pytest.mark.xfail(strict=True, reason="known")
def test_known(burst):
    burst("/json")

@missed
def test_skips(burst):
    burst("/json")
    pytest.skip("on second thoughts")

@missed
@pytest.mark.skip(reason="not today")
def test_skipped(burst):
    pass

class TestPlain(unittest.TestCase):
    def test_passes(self):
        pass

    @pytest.mark.usefixtures("burst")
    def test_cannot(self):
        pass

@pytest.mark.parametrize("path", [pytest.param("/json", marks=pytest.mark.min_rps("fast"))])
def test_wrong_mark(burst, path):
    pass

def test_by_name(request):
    request.getfixturevalue("burst")
"""
    )
    site.write("test_text.txt", ">>> 1 + 1\n2\n")
    result = site.burst("--doctest-glob=*.txt", "-rA")
    result.assert_outcomes(passed=2, failed=4, errors=2, skipped=2, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "E*AssertionError: assert 'own' == 'failure'",
            "*- Captured djworkers limits call -*",
            "GET /json: requests/s: *, limit min_rps(1_000_000_000), *",
        ]
    )
    result.stdout.no_fnmatch_line("During handling of*")
    for lines in (
        ["_* test_never_bursts[[]granian[]] _*", "this test has limits, and no burst was held *"],
        ["_* test_has_no_burst _*", "this test has limits, and no burst was held to them*"],
        ["_* ERROR at setup of test_wrong_mark*", "min_rps('fast'): must be a number above 0"],
        [
            "_* ERROR at setup of TestPlain.test_cannot*",
            "only a test function that names burst or *",
        ],
        ["_* test_by_name _*", "only a test function that names burst or djworkers_server *"],
        ["XFAIL test_site.py::test_known[[]granian[]]*"],
    ):
        result.stdout.fnmatch_lines(lines)


def test_a_burst_without_an_expected_response_fails_its_test_whatever_it_asks_for(
    site: Site,
) -> None:
    middleware = "MIDDLEWARE = ['django.middleware.csrf.CsrfViewMiddleware']"
    site.write("settings.py", f"{SETTINGS}\n{middleware}\n")
    site.test(
        """
token = "a" * 32
CSRF = {"cookies": {"csrftoken": token}, "headers": {"X-CSRFToken": token}}

def test_refused(burst):
    burst("/add", method="POST", expect=201)

@pytest.mark.max_errors("100%")
def test_fails(burst):
    burst("/fails", method="POST", **CSRF)

def test_token(burst):
    assert burst("/add", method="POST", expect=201, **CSRF).ok

def test_skips(burst):
    burst("/fails", method="POST")
    pytest.skip("on second thoughts")

def test_xfails(burst):
    pytest.xfail("before anything is measured")

def test_never_calls(burst):
    pass

def test_only_the_server(djworkers_server):
    assert djworkers_server.pids

def test_a_wrong_call_is_a_call(burst):
    with pytest.raises(ValueError):
        raise ValueError
    with pytest.raises(Exception, match="must start with /"):
        burst("json")
"""
    )
    result = site.burst("-rA")
    result.assert_outcomes(passed=3, failed=3, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "POST /add: no expected response (201): * status 403",
            "    the first response: 403 Forbidden: Forbidden (403) CSRF verification failed. *",
            "    the server's log: Forbidden (CSRF cookie not set.): /add",
            "    Django refuses the request because it has no CSRF token. *",
            "POST /fails: no expected response (2xx): * status 500",
            "    the first response: 500 Internal Server Error: Server Error (500)",
            "POST /fails: the last error in its log: ZeroDivisionError: this view always fails,"
            " at *",
            "_* test_never_calls[[]granian[]] _*",
            "this test takes burst and never calls it, *",
            "POST /add  (test_refused)",
            "  granian *",
            "    errors: * status 403",
        ]
    )


@pytest.mark.matrix
def test_pytests_own_options_work(site: Site) -> None:
    site.test(
        """
@pytest.mark.min_rps(1e9)
def test_slow(burst):
    burst("/json")

def test_fine():
    pass
"""
    )
    backends = "gunicorn-gevent,granian"
    cached = ("-p", "cacheprovider")
    chosen = site.burst("-k", "granian", *cached, backends=backends)
    chosen.assert_outcomes(failed=1, deselected=2)
    last = site.burst("--lf", "-x", "-q", *cached, backends=backends)
    last.assert_outcomes(failed=1)
    last.stdout.fnmatch_lines(["FAILED test_site.py::test_slow[[]granian[]]*"])
    last.stdout.no_fnmatch_line("*djworkers: bursts of*")
    listed = site.burst("--collect-only", "-q", backends=backends)
    listed.stdout.fnmatch_lines(
        [
            "test_site.py::test_slow[[]gunicorn-gevent[]]",
            "test_site.py::test_slow[[]granian[]]",
            "test_site.py::test_fine",
        ]
    )
    assert listed.ret == pytest.ExitCode.OK


# Reported.


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
            "djworkers: bursts of 8 connections for 300ms after 100ms of warm-up, timeout 2s",
            "djworkers: these flags override tests and configuration: --djworkers-connections=8 *",
            "test_site.py::test_get[[]granian-/json[]] PASSED*",
            "*- djworkers -*",
            "  backend *generator *requests/s *p50 *p99 *timeouts *errors *served*",
            "GET /json  (test_get[[]/json[]])",
            "  granian *asyncio *8/8*",
            "GET /users  (test_get[[]/users[]])",
            "  granian *asyncio *8/8*",
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
    assert "## granian" in report
    assert "### GET /users" in report


def test_ctrl_c_prints_what_there_is_and_leaves_nothing(site: Site) -> None:
    site.test(
        """
def test_first(burst):
    burst("/json")

def test_long(burst):
    burst("/facts", name="long", duration="1m")
"""
    )
    flags = [flag for flag in GENTLE if "duration" not in flag]
    run = site.start("--djworkers=gunicorn-gevent", *flags, "-o", "djworkers_duration=300ms", "-v")
    assert run.stdout is not None
    seen = ""
    while "PASSED" not in seen:
        seen += (line := run.stdout.readline())
        assert line, f"it ended too early:\n{seen}"
    family = in_mid_burst(run)
    run.send_signal(signal.SIGINT)
    rest, _ = run.communicate(timeout=30)
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "GET /json  (test_first)" in rest
    assert "KeyboardInterrupt" in rest
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def in_mid_burst(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """Wait until an agent fires, and give every process below pytest."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        family = psutil.Process(run.pid).children(recursive=True)
        lines = [" ".join(one.cmdline()) for one in family if one.is_running()]
        if any("pytest_djworkers.load.agent" in line for line in lines):
            return family
        time.sleep(0.02)
    raise AssertionError("no agent was started")


# Stored.


def test_a_baseline_is_saved_and_the_next_run_is_held_against_it(site: Site) -> None:
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
            r"    baseline .* 1,000 .* \d{4}-\d\d-\d\d$",
            r"improved: test_site.py::test_json\[granian\] GET /json: .*",
        ]
    )

    tripped = steady(site, 499)
    tripped.assert_outcomes(failed=1)
    tripped.stdout.fnmatch_lines(
        [
            "GET /json: regressed: 499 requests/s against 1,000 (-50.1%),"
            " worse by more than a factor of 2",
            "regressed: *",
        ]
    )
    steady(site, 499, "--djworkers-baseline=other").assert_outcomes(passed=1)
    steady(site, 499, "--djworkers-save-baseline").assert_outcomes(passed=1)
    assert list(stored_sessions(site).values()) == [2]


def test_figures_of_another_machine_are_not_compared_and_it_is_said(site: Site) -> None:
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
def test_runs_that_save_at_once_are_both_saved(site: Site) -> None:
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
def test_what_gave_no_expected_answer_is_not_saved(site: Site) -> None:
    site.test(ONE_BURST)
    result = steady(site, 0, "--djworkers-save-baseline")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["baseline not saved: *: the test did not pass"])
    assert not (site.folder / ".djworkers").exists()


def test_a_loss_beyond_the_tolerance_warns_and_fails_where_asked(site: Site) -> None:
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
            "not compared: *::test_other_conditions*: timeout_s was 2.0 and is 1.0",
            "not compared: *::test_new*: nothing stored for this test on this machine",
        ]
    )


@pytest.mark.matrix
def test_only_tests_that_pass_are_saved_and_the_others_are_kept(site: Site) -> None:
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


def test_files_that_cant_be_written_fail_the_run_in_words(site: Site) -> None:
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
