"""Limits are checked when a test function returns, and fit into pytest's outcomes."""

from __future__ import annotations

import pytest

from tests.support.site import SETTINGS, URLS, Site


def test_all_missed_limits_are_one_failure_without_a_traceback(site: Site) -> None:
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
            r"FAILED test_site.py::test_json\[granian\] - Failed: first: requests/s.*",
        ],
        consecutive=False,
    )
    # granian says something about its threads as it starts, and nothing of the bursts.
    result.stdout.no_fnmatch_line("*log of granian*")
    result.stdout.no_fnmatch_line("*Python threads*")
    result.stdout.no_fnmatch_line("*Traceback*")
    # A failure is about the test: no line of it leads into the plugin.
    result.stdout.no_fnmatch_line("*pytest_djworkers/run/*")


def test_a_failure_shows_what_the_server_logged_during_the_burst(site: Site) -> None:
    site.write("settings.py", f"{SETTINGS}\nprint('said while it starts', flush=True)\n")
    site.write("urls.py", URLS.replace("time.sleep(", "print('said by the view'); time.sleep("))
    site.test(
        """
def test_sleep(burst):
    burst("/sleep/1")
    assert "own" == "failure"
"""
    )
    result = site.burst()
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [r"-+ Captured log of granian since its last launch was ready -+", "said by the view"],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*said while it starts*")


@pytest.mark.matrix
def test_a_test_without_a_launch_shows_no_log_of_an_earlier_test(site: Site) -> None:
    site.write("urls.py", URLS.replace("time.sleep(", "print('said by the view'); time.sleep("))
    site.test(
        """
def test_passes(burst):
    burst("/sleep/1")

def test_fails(burst):
    burst("sleep")
"""
    )
    result = site.burst()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.no_fnmatch_line("*said by the view*")
    result.stdout.no_fnmatch_line("*Captured log*")


def test_a_server_that_gave_no_expected_response_shows_its_log_once(site: Site) -> None:
    site.test(
        """
def test_fails(burst):
    burst("/json")
    burst("/fails")
"""
    )
    result = site.burst()
    result.assert_outcomes(failed=1)
    assert str(result.stdout).count("ZeroDivisionError: this view always fails") == 2
    result.stdout.no_fnmatch_line("*Python threads*")
    result.stdout.no_fnmatch_line("*log of granian*")


def test_a_whole_summary_in_ci_says_why_but_repeats_no_log(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.test("def test_fails(burst):\n    burst('/fails')")
    monkeypatch.setenv("CI", "true")
    result = site.burst()
    assert str(result.stdout).count("The end of its log") == 1
    _, _, summary = str(result.stdout).partition("short test summary info")
    assert "error in its log: ZeroDivisionError: this view always fails" in summary
    assert "Traceback" not in summary


OUTCOMES = """
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


def test_limits_work_with_every_outcome_of_pytest(site: Site) -> None:
    site.test(OUTCOMES)
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
        ["_* test_never_bursts[[]granian[]] _*", "this test has limits but fired no burst that *"],
        [
            "_* test_has_no_burst _*",
            "this test has limits but fired no burst that could meet them*",
        ],
        ["_* ERROR at setup of test_wrong_mark*", "min_rps('fast'): must be a number above 0"],
        [
            "_* ERROR at setup of TestPlain.test_cannot*",
            "to run under each backend, a test must be *",
        ],
        ["_* test_by_name _*", "to run under each backend, a test must be a function that *"],
        ["XFAIL test_site.py::test_known[[]granian[]]*"],
    ):
        result.stdout.fnmatch_lines(lines)


REFUSED = """
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


def test_a_burst_without_an_expected_response_fails_its_test_whatever_its_limits(
    site: Site,
) -> None:
    middleware = "MIDDLEWARE = ['django.middleware.csrf.CsrfViewMiddleware']"
    site.write("settings.py", f"{SETTINGS}\n{middleware}\n")
    site.test(REFUSED)
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
            "this test takes burst but never calls it, *",
            "POST /add  (test_refused)",
            "  granian *",
            "    errors: * status 403",
        ]
    )


@pytest.mark.matrix
def test_options_of_pytest_such_as_lf_and_x_work(site: Site) -> None:
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
