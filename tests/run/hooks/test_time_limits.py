"""Comparisons and the time limits of pytest-timeout, which are those of a test."""

from __future__ import annotations

import pytest

from tests.support.ended_comparisons import wait_until_clean
from tests.support.paced import Course, paced, turns
from tests.support.repository import left
from tests.support.revisions import FLAGS
from tests.support.site import Site

TESTS = """
{marker}
def test_it(burst):
    burst("/json", name="it")
"""
IT = {"it": Course(4)}


@pytest.mark.parametrize(
    ("marker", "flags", "said"),
    [
        ("", ["--timeout=60"], "--timeout of pytest-timeout ends a test after 1m, but a comp*"),
        pytest.param(
            "",
            ["-otimeout=300"],
            "timeout in pytest's configuration of pytest-timeout ends*",
            marks=pytest.mark.matrix,
        ),
        (
            "@pytest.mark.timeout(30)",
            [],
            "test_site.py:*: the timeout marker ends a test after 30s*",
        ),
    ],
)
def test_a_limit_that_is_too_short_is_a_usage_error(
    revisions: Site, marker: str, flags: list[str], said: str
) -> None:
    revisions.test(TESTS.format(marker=marker))
    result = paced(revisions, IT, *flags)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {said}@pytest.mark.timeout(0)*--timeout=900 or more*"])
    assert turns(revisions) == []


@pytest.mark.matrix
def test_under_xdist_a_limit_that_is_too_short_fails_its_test_and_a_budget_is_refused(
    revisions: Site,
) -> None:
    revisions.test(TESTS.format(marker=""))
    result = paced(revisions, IT, "--timeout=60", "-n1")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*--timeout of pytest-timeout ends a test after 1m*"])
    assert turns(revisions) == []
    refused = paced(revisions, IT, "--djworkers-compare-budget=9m", "-n1")
    assert refused.ret == 4
    refused.stderr.fnmatch_lines(["*--djworkers-compare-budget under pytest-xdist, * use -n0, *"])


@pytest.mark.matrix
def test_a_test_without_a_limit_is_compared_whatever_the_limit_of_the_others(
    revisions: Site,
) -> None:
    revisions.test(TESTS.format(marker="@pytest.mark.timeout(0)") + "\ndef test_other(): pass\n")
    paced(revisions, IT, "--timeout=60").assert_outcomes(passed=2)


@pytest.mark.matrix
@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_comparison_that_is_ended_leaves_nothing_behind_and_says_what_to_set(
    revisions: Site, method: str
) -> None:
    # A limit that is long enough for this plugin, and too short for this view.
    conftest = (revisions.folder / "conftest.py").read_text()
    revisions.write(
        "conftest.py",
        "from pytest_djworkers.run.hooks import time_limits\n"
        f"time_limits.LONGEST_COMPARISON_S = 1\n{conftest}",
    )
    # A fast machine compares it once in half of the limit, and goes on with the next one.
    revisions.test(
        "def test_it(burst):\n"
        "    for number in range(100):\n"
        '        burst("/slows", name=f"burst {number}")\n'
    )
    before = left(revisions.folder)
    result = revisions.pytest(*FLAGS, "--timeout=4", f"--timeout-method={method}")
    text = result.stdout.str() + result.stderr.str()
    assert result.ret == 1
    assert "set @pytest.mark.timeout(0) at the test" in text
    if method == "signal":
        wait_until_clean(revisions, before)
